import Dispatch
import Foundation
import LiteDB
import LiteStackTesting
import Testing

@testable import LiteJobs

/// What stays in the folder of locks after workers were killed.
@Suite(.timeLimit(.minutes(5))) struct LeftoverFileTests {
    private let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")

    /// The lock files, by their names.
    private func lockFiles(of database: Database) throws -> Set<String> {
        let names = try FileManager.default.contentsOfDirectory(atPath: database.runDirectory)
        return Set(names.filter { $0.hasPrefix("worker-") })
    }

    /// As if nobody had touched the file for so long.
    private func age(_ names: some Sequence<String>, of database: Database, by seconds: Double = 120) throws {
        for name in names {
            try FileManager.default.setAttributes(
                [.modificationDate: Date() - seconds], ofItemAtPath: "\(database.runDirectory)/\(name)")
        }
    }

    private func remove(from database: Database, registered: Set<String> = []) -> Int {
        LeftoverFiles(of: database).remove { registered }
    }

    private func abandoned(_ uuid: String, of database: Database, by owner: String? = nil) throws -> String {
        let lock = try WorkerLock.acquire(
            uuid: uuid, in: database.runDirectory, for: owner ?? LeftoverFiles.owner(for: database))
        lock.release()
        return "worker-\(uuid).lock"
    }

    /// Starts a worker process that cannot register, and kills it.
    private func killBeforeRegistering(_ database: Database) async throws {
        try await withChildProcess(helper, arguments: ["work-once-told", database.path]) { child in
            _ = try await child.line("the file is open") { $0 == "open" }
            let (isHeld, end) = (TestSignal(), DispatchSemaphore(value: 0))
            let held = Task {
                try await database.write { _ in
                    isHeld.send()
                    _ = end.wait(timeout: .now() + 60)  // nobody else can write meanwhile
                }
            }
            defer { end.signal() }
            try await isHeld.wait()
            #expect(FileManager.default.createFile(atPath: database.directory + "/go", contents: nil))
            try await eventually("the worker has its lock, and says whose it is") {
                try lockFiles(of: database).contains { name in
                    try !String(contentsOfFile: "\(database.runDirectory)/\(name)", encoding: .utf8).isEmpty
                }
            }
            try age(try lockFiles(of: database), of: database)
            // Old, and not registered, but a process holds the lock.
            #expect(remove(from: database) == 0)
            child.send(.kill)
            _ = try await child.waitForExit()
            end.signal()
            try await held.value
        }
        let count = try database.read { snapshot in try snapshot.rowCount(of: "lite_job_workers") }
        #expect(count == 0)
    }

    @Test func `the file of a worker that was killed before it registered goes, once it is old`() async throws {
        try await withJobs { jobs, database in
            try await killBeforeRegistering(database)
            let names = try lockFiles(of: database)
            #expect(names.count == 1)
            // Just killed, for all that anybody knows: it can be of a worker that is about to lock it.
            try age(names, of: database, by: 5)
            let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
            try await running(worker) {
                _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed)
                #expect(try lockFiles(of: database).isSuperset(of: names))
            }
            try age(names, of: database)
            try await running(worker) {
                try await eventually("the file is gone") { try lockFiles(of: database).isDisjoint(with: names) }
                // The worker's own stays.
                #expect(try lockFiles(of: database).count == 1)
            }
        }
    }

    @Test func `a file that was to take another's place goes as well`() async throws {
        try await withJobs { _, database in
            let name = try abandoned("A", of: database)
            let folder = database.runDirectory
            try FileManager.default.moveItem(atPath: "\(folder)/\(name)", toPath: "\(folder)/\(name).new")
            try age([name + ".new"], of: database)
            #expect(remove(from: database, registered: ["A"]) == 0)
            #expect(remove(from: database) == 1)
        }
    }

    @Test func `a process that was stopped for long keeps its file and its job`() async throws {
        try await withJobs { jobs, database in
            let id = try await jobs.enqueue(Note()).id
            try await withChildProcess(helper, arguments: ["work", database.path]) { child in
                _ = try await child.line("the first attempt") { $0 == "attempt 1" }
                try await eventually("the beginning is noted") { try await jobs.job(id)?.startedAt != nil }
                let names = try lockFiles(of: database)
                #expect(try await child.standStill())
                try age(names, of: database)
                let worker = jobs.worker { handlers in handlers.handle(Note.self) { _, _ in } }
                try await running(worker) {
                    _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed)
                    #expect(try lockFiles(of: database).isSuperset(of: names))
                    #expect(try await jobs.job(id)?.state == .running)
                }
                child.send(.resume)
            }
        }
    }

    @Test func `the file of a registered worker is left to the one who rescues its jobs`() async throws {
        try await withJobs { _, database in
            let name = try abandoned("A", of: database)
            try age([name], of: database)
            #expect(remove(from: database, registered: ["A"]) == 0)
            #expect(try lockFiles(of: database) == [name])
            #expect(remove(from: database, registered: ["B"]) == 1)
            #expect(try lockFiles(of: database) == [])
        }
    }

    @Test func `a file of another database in the folder stays, and one without a name for a day`() async throws {
        try await withJobs { _, database in
            let other = try abandoned("A", of: database, by: "other.sqlite3")
            let unnamed = try abandoned("B", of: database, by: "")
            try age([other, unnamed], of: database, by: 3_600)
            #expect(remove(from: database) == 0)
            try age([other, unnamed], of: database, by: 90_000)
            #expect(remove(from: database) == 1)
            #expect(try lockFiles(of: database) == [other])
        }
    }

    @Test func `hundreds of them go at once`() async throws {
        try await withJobs { _, database in
            let names = try (0..<500).map { try abandoned("\($0)", of: database) }
            try age(names, of: database)
            let kept = Set((0..<500).filter { $0 % 50 == 0 }.map { "\($0)" })
            #expect(remove(from: database, registered: kept) == 490)
            #expect(try lockFiles(of: database).count == 10)
        }
    }

    @Test func `workers that start while files are removed keep their own`() async throws {
        try await withJobs { _, database in
            let owner = LeftoverFiles.owner(for: database)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for round in 0..<300 {
                        let name = try abandoned("old-\(round)", of: database)
                        try age([name], of: database)
                        _ = remove(from: database)
                    }
                }
                group.addTask {
                    for round in 0..<300 {
                        let lock = try WorkerLock.acquire(uuid: "new-\(round)", in: database.runDirectory, for: owner)
                        // However old it looks.
                        try age(["worker-new-\(round).lock"], of: database)
                        await Task.yield()
                        #expect(lock.isIntact)
                        lock.remove()
                    }
                }
                try await group.waitForAll()
            }
            #expect(try lockFiles(of: database) == [])
        }
    }
}
