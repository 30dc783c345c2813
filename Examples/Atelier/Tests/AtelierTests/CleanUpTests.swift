import LiteStack
import LiteStackTesting
import Testing

@testable import AtelierApp

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite(.timeLimit(.minutes(5))) struct CleanUpTests {
    private func withPictures(_ body: (TestJobs, PictureStore, Worker) async throws -> Void) async throws {
        try await withTemporaryJobs { test in
            try await test.database.migrate(PictureSchema.migrations)
            let cache = try await Cache.open(
                at: test.database.directory + "/cache.sqlite3", tagsIn: test.database)
            let store = PictureStore(cache: cache)
            let cleaner = CleanUpHandler(database: test.database, store: store)
            let worker = test.jobs.worker { handlers in
                handlers.handle(ForgetUpload.self) { job, context in try await cleaner.run(job, context) }
                handlers.handle(CleanUpPictures.self) { job, context in try await cleaner.run(job, context) }
            }
            try await body(test, store, worker)
            await cache.close()
        }
    }

    private func insert(_ test: TestJobs, _ store: PictureStore, failed: Bool) async throws -> Int64 {
        let upload = try Upload(bytes: Samples.png(width: 9, height: 6), title: "a tree", style: "sepia")
        let date = test.clock.date
        return try await test.database.write { transaction in
            let id = try store.insert(upload, at: date, in: transaction)
            if failed { try store.fail(id, in: transaction) }
            return id
        }
    }

    @Test func `at night, pictures that could not be styled are taken away when they are a month old`() async throws {
        try await withPictures { test, store, worker in
            let old = try await insert(test, store, failed: true)
            let kept = try await insert(test, store, failed: false)
            test.clock.advance(by: CleanUpPictures.retention)
            let young = try await insert(test, store, failed: true)
            try await test.jobs.declare(schedules: [CleanUpPictures.schedule])
            try await test.drain(worker, through: .seconds(24 * 60 * 60))
            let left = try test.database.read { snapshot in try store.gallery(in: snapshot).map(\.id) }
            #expect(left == [young, kept])
            #expect(left.contains(old) == false)
        }
    }

    @Test func `an upload is forgotten ten minutes after its picture hangs`() async throws {
        try await withPictures { test, store, worker in
            let id = try await insert(test, store, failed: false)
            try await test.jobs.enqueue(ForgetUpload(picture: id), delay: ForgetUpload.delay)
            func isThere() throws -> Bool {
                try test.database.read { snapshot in try store.file(.upload, of: id, in: snapshot) } != nil
            }
            try await test.drain(worker, through: .seconds(599))
            #expect(try isThere())
            try await test.drain(worker, through: .seconds(1))
            #expect(try !isThere())
        }
    }
}
