import Foundation
import LiteDB
import LiteJobs
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct UniquenessTests {
    struct Order: Job {
        static let kind = "order"
        var orderID: Int
        var note = ""
    }

    private func text(_ record: JobRecord?) throws -> String? { try record?.decode(Note.self).text }

    @Test func `a job like one that waits is that one`() async throws {
        try await withJobs { jobs, _ in
            let first = try await jobs.enqueue(Note(text: "a"), unique: .arguments())
            let second = try await jobs.enqueue(Note(text: "a"), unique: .arguments())
            let other = try await jobs.enqueue(Note(text: "b"), unique: .arguments())
            #expect(!first.isDuplicate && second.isDuplicate && !other.isDuplicate)
            #expect(first.id == second.id)
            #expect(try await jobs.statistics().count(.available) == 2)
        }
    }

    @Test func `a unique key holds while the job waits for its next attempt, and is free when it is done`() async throws
    {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let mayPass = TestSignal()
            let first = try await jobs.enqueue(Note(text: "a"), unique: .arguments())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in if mayPass.count == 0 { throw Broken() } }
            }
            try await running(worker) {
                _ = try await jobs.job(first, reaches: .scheduled)
                #expect(try await jobs.enqueue(Note(text: "a"), unique: .arguments()).id == first.id)
                mayPass.send()
                try await time.advance(by: .seconds(10))
                _ = try await jobs.job(first, reaches: .completed)
                #expect(try await jobs.enqueue(Note(text: "a"), unique: .arguments()).id != first.id)
            }
        }
    }

    @Test func `until it is started means that another one can wait while it runs`() async throws {
        try await withJobs { jobs, _ in
            let (started, mayEnd) = (TestSignal(), TestSignal())
            let first = try await jobs.enqueue(Note(text: "a"), unique: .arguments(until: .started))
            let worker = jobs.worker(concurrency: 1) { handlers in
                handlers.handle(Note.self) { _, _ in
                    started.send()
                    try await mayEnd.wait()
                }
            }
            try await running(worker) {
                try await started.wait()
                let second = try await jobs.enqueue(Note(text: "a"), unique: .arguments(until: .started))
                #expect(second.id != first.id)
                #expect(try await jobs.enqueue(Note(text: "a"), unique: .arguments(until: .started)).id == second.id)
                mayEnd.send()
                _ = try await jobs.job(second, reaches: .completed)
            }
        }
    }

    @Test func `until a time means that long, whatever becomes of the job`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let unique = Uniqueness.arguments(until: .time(.seconds(60)))
            let first = try await jobs.enqueue(Note(text: "a"), unique: unique)
            try await jobs.cancel(first)
            time.clock.advance(by: .milliseconds(59_999))
            #expect(try await jobs.enqueue(Note(text: "a"), unique: unique).id == first.id)
            time.clock.advance(by: .milliseconds(1))
            #expect(try await jobs.enqueue(Note(text: "a"), unique: unique).id != first.id)
        }
    }

    @Test func `fields, keys and periods say what is alike`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let byOrder = Uniqueness.fields("orderID")
            let first = try await jobs.enqueue(Order(orderID: 7, note: "a"), unique: byOrder)
            #expect(try await jobs.enqueue(Order(orderID: 7, note: "b"), unique: byOrder).id == first.id)
            #expect(try await !jobs.enqueue(Order(orderID: 8), unique: byOrder).isDuplicate)
            #expect(try await !jobs.enqueue(Order(orderID: 7), unique: .key("mine")).isDuplicate)
            #expect(try await jobs.enqueue(Order(orderID: 9), unique: .key("mine")).isDuplicate)
            let hourly = Uniqueness.arguments(period: .seconds(3_600))
            #expect(try await !jobs.enqueue(Order(orderID: 1), unique: hourly).isDuplicate)
            #expect(try await jobs.enqueue(Order(orderID: 1), unique: hourly).isDuplicate)
            time.clock.advance(by: .seconds(3_600))
            #expect(try await !jobs.enqueue(Order(orderID: 1), unique: hourly).isDuplicate)
            await #expect {
                try await jobs.enqueue(Order(orderID: 1), unique: .fields("orderId"))
            } throws: {
                ($0 as? JobError)?.code == .invalidOptions
            }
            await #expect {
                try await jobs.enqueue(Order(orderID: 1), unique: .key(String(repeating: "x", count: 3_000)))
            } throws: {
                ($0 as? JobError)?.code == .invalidOptions
            }
        }
    }

    @Test func `a later job can replace the payload, the time too, or be refused`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let first = try await jobs.enqueue(Note(text: "a"), delay: .seconds(10), unique: .key("k"))
            try await jobs.enqueue(
                Note(text: "b"), delay: .seconds(50), priority: 3, unique: .key("k", onConflict: .replace))
            #expect(try await text(jobs.job(first)) == "b")
            #expect(try await jobs.job(first)?.priority == 3)
            #expect(try await jobs.job(first)?.runAt == TestTime.start + 10)
            try await jobs.enqueue(Note(text: "c"), delay: .seconds(50), unique: .key("k", onConflict: .reschedule))
            #expect(try await text(jobs.job(first)) == "c")
            #expect(try await jobs.job(first)?.runAt == TestTime.start + 50)
            try await jobs.enqueue(Note(text: "d"), unique: .key("k", onConflict: .reschedule))
            #expect(try await jobs.job(first)?.state == .available)
            await #expect {
                try await jobs.enqueue(Note(text: "e"), unique: .key("k", onConflict: .reject))
            } throws: {
                ($0 as? JobError)?.code == .duplicate
            }
            #expect(try await text(jobs.job(first)) == "d")
        }
    }

    @Test func `uniqueness holds in bulk and in the caller's transaction`() async throws {
        try await withJobs { jobs, database in
            let notes = ["a", "b", "a", "c", "b"].map { Note(text: $0) }
            let handles = try await jobs.enqueue(contentsOf: notes, unique: .arguments())
            #expect(handles.map(\.isDuplicate) == [false, false, true, false, true])
            #expect(handles[0].id == handles[2].id && handles[1].id == handles[4].id)
            await #expect(throws: Broken.self) {
                try await database.write { transaction in
                    #expect(try jobs.enqueue(Note(text: "a"), unique: .arguments(), in: transaction).isDuplicate)
                    #expect(try !jobs.enqueue(Note(text: "z"), unique: .arguments(), in: transaction).isDuplicate)
                    throw Broken()
                }
            }
            #expect(try await !jobs.enqueue(Note(text: "z"), unique: .arguments()).isDuplicate)
        }
    }

    @Test func `of 64 tasks that enqueue the same job one stores it`() async throws {
        try await withJobs { jobs, _ in
            let handles = try await withThrowingTaskGroup(of: JobHandle<Note>.self) { group in
                for _ in 0..<64 { group.addTask { try await jobs.enqueue(Note(text: "a"), unique: .arguments()) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(handles.count { !$0.isDuplicate } == 1)
            #expect(Set(handles.map(\.id)).count == 1)
        }
    }

    @Test func `of 64 tasks in two processes that enqueue the same job one stores it`() async throws {
        let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")
        let count = 50
        try await withJobs { jobs, database in
            let arguments = ["enqueue-unique", database.path, "\(count)"]
            try await withChildProcess(helper, arguments: arguments) { one in
                try await withChildProcess(helper, arguments: arguments) { other in
                    for child in [one, other] { _ = try await child.line("the file is open") { $0 == "open" } }
                    #expect(FileManager.default.createFile(atPath: database.directory + "/go", contents: nil))
                    var storedCount = 0
                    for child in [one, other] {
                        #expect(try await child.waitForExit() == .exited(0))
                        let last = try #require(child.lines.last)
                        #expect(last.hasPrefix("stored "), "\(last)")
                        storedCount += Int(last.dropFirst("stored ".count)) ?? 0
                    }
                    #expect(storedCount == count)
                }
            }
            #expect(try await jobs.statistics().count(.available) == count)
            let notes = try await jobs.enqueued(Note.self).map(\.text)
            #expect(Set(notes) == Set((0..<count).map { "\($0)" }))
        }
    }

    @Test func `a dead unique job does not come back beside one like it`() async throws {
        try await withJobs { jobs, _ in
            let first = try await jobs.enqueue(Note(text: "a"), unique: .arguments())
            try await jobs.cancel(first)
            let second = try await jobs.enqueue(Note(text: "a"), unique: .arguments())
            await #expect { try await jobs.retry(first) } throws: { ($0 as? JobError)?.code == .duplicate }
            #expect(try await jobs.retry(where: .states(.cancelled)) == 0)
            try await jobs.cancel(second)
            #expect(try await jobs.retry(first))
        }
    }
}
