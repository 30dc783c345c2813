import Foundation
import LiteStack
import LiteStackTesting
import Logging
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(5))) struct StackTests {
    private struct Greet: Job {
        static let kind = "greet"
        var name: String
    }

    private func permissions(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
    }

    private func group(_ stack: Stack) -> ServiceGroup {
        ServiceGroup(services: [stack], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test func `a stack makes its folder, private, with the files in it`() async throws {
        try await withTemporaryDirectory { parent in
            let folder = parent + "/deep/data"
            let stack = try await Stack.open(at: folder)
            #expect(stack.folder == folder)
            #expect(try permissions(folder) == 0o700)
            for name in ["app.sqlite3", "cache.sqlite3", "run"] {
                #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name)"), "\(name)")
            }
            await stack.close()
        }
    }

    @Test func `the path of a folder that was given relatively is absolute`() async throws {
        try await withTemporaryDirectory { parent in
            let climb = String(
                repeating: "../", count: FileManager.default.currentDirectoryPath.split(separator: "/").count)
            let stack = try await Stack.open(at: climb + parent.dropFirst() + "/data")
            #expect(stack.folder == parent + "/data")
            await stack.close()
        }
    }

    @Test func `a folder that others could read is made private`() async throws {
        try await withTemporaryDirectory { parent in
            let folder = parent + "/data"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
            let stack = try await Stack.open(at: folder)
            #expect(try permissions(folder) == 0o700)
            await stack.close()
        }
    }

    @Test func `a path that is a file is refused and left alone`() async throws {
        try await withTemporaryDirectory { parent in
            let path = parent + "/data"
            #expect(FileManager.default.createFile(atPath: path, contents: Data("mine".utf8)))
            await #expect { _ = try await Stack.open(at: path) } throws: { ($0 as? StackError)?.code == .folder }
            await #expect { _ = try await Stack.open(at: "") } throws: { ($0 as? StackError)?.code == .folder }
            #expect(FileManager.default.contents(atPath: path) == Data("mine".utf8))
        }
    }

    @Test func `what was opened before a failure is closed again`() async throws {
        try await withTemporaryDirectory { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/cache.sqlite3", withIntermediateDirectories: false)
            await #expect { _ = try await Stack.open(at: folder) } throws: {
                ($0 as? DatabaseError)?.code == .cannotOpen
            }
            // The last connection removes the WAL, so nobody holds the file any more.
            #expect(!FileManager.default.fileExists(atPath: folder + "/app.sqlite3-wal"))
        }
    }

    @Test func `a damaged cache file that someone has open is no reason not to start`() async throws {
        try await withTemporaryDirectory { folder in
            await (try Stack.open(at: folder)).close()
            let path = folder + "/cache.sqlite3"
            try Data(repeating: 0x5A, count: 8192).write(to: URL(filePath: path))
            // What another process with the file open holds.
            let lock = open(folder + "/run/cache.sqlite3.open", O_RDWR)
            defer { close(lock) }
            try #require(lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) == 0)
            let stack = try await Stack.open(at: folder)
            #expect(stack.cache.isDegraded)
            let value = try await stack.cache.fetch("key") { 7 }
            #expect(value == 7)
            try await stack.db.write { transaction in try stack.cache.invalidate(tag: "tag", in: transaction) }
            await stack.close()
            #expect(try Data(contentsOf: URL(filePath: path)) == Data(repeating: 0x5A, count: 8192))
        }
    }

    @Test func `a row, a job and a message are one transaction`() async throws {
        let stack = try await Stack.temporary()
        try await stack.db.execute("CREATE TABLE people (name TEXT NOT NULL) STRICT")
        let cursor = try await stack.cable.cursor()
        let greet: @Sendable (borrowing Transaction, String) throws -> JobID = { transaction, name in
            try transaction.execute("INSERT INTO people (name) VALUES (\(name))")
            try stack.cable.publish(name, to: "people", in: transaction)
            return try stack.jobs.enqueue(Greet(name: name), in: transaction).id
        }
        struct Refused: Error {}
        await #expect(throws: Refused.self) {
            try await stack.db.write { transaction in
                _ = try greet(transaction, "nobody")
                throw Refused()
            }
        }
        let id = try await stack.db.write { transaction in try greet(transaction, "Ada") }
        let names = try stack.db.read { snapshot in try snapshot.all("SELECT name FROM people", as: String.self) }
        #expect(names == ["Ada"])
        #expect(try await stack.jobs.job(id)?.state == .available)
        var iterator = try await stack.cable.subscribe(to: ["people"], from: .after(cursor)).makeAsyncIterator()
        guard case .message(let message) = try await iterator.next() else {
            Issue.record("a message was published")
            return
        }
        #expect(try message.decode(String.self) == "Ada")
        await stack.close()
    }

    @Test func `running works until the shutdown, then everything is closed`() async throws {
        let stack = try await Stack.temporary()
        let (started, mayEnd) = (TestSignal(), TestSignal())
        stack.addWorker { handlers in
            handlers.handle(Greet.self) { job, context in
                started.send()
                try await mayEnd.wait()
                try await stack.cache.set("greeted", job.name)
                try await context.complete { transaction in
                    _ = try stack.cable.publish(job.name, to: "greetings", in: transaction)
                }
            }
        }
        let subscription = try await stack.cable.subscribe(to: ["greetings"])
        try await stack.jobs.enqueue(Greet(name: "Ada"))
        let group = group(stack)
        let run = Task { try await group.run() }
        try await started.wait()
        await group.triggerGracefulShutdown()
        // The handler that runs still has all parts at hand.
        mayEnd.send()
        var texts: [String?] = []
        for try await case .message(let message) in subscription { texts.append(message.text) }
        #expect(texts == [#""Ada""#])
        try await run.value
        #expect { try stack.db.read { _ in } } throws: { ($0 as? DatabaseError)?.code == .closed }
        #expect(!FileManager.default.fileExists(atPath: stack.folder))
    }

    @Test func `a stack without workers runs until the shutdown`() async throws {
        let stack = try await Stack.temporary()
        let group = group(stack)
        let run = Task { try await group.run() }
        await group.triggerGracefulShutdown()
        try await run.value
        #expect(!FileManager.default.fileExists(atPath: stack.folder))
    }

    @Test func `a cancelled run closes the stack`() async throws {
        let stack = try await Stack.temporary()
        stack.addWorker { handlers in handlers.handle(Greet.self) { _, _ in } }
        let run = Task { try await stack.run() }
        run.cancel()
        // Registering the worker may be what sees the cancellation.
        do { try await run.value } catch is CancellationError {}
        #expect { try stack.db.read { _ in } } throws: { ($0 as? DatabaseError)?.code == .closed }
    }

    @Test func `a temporary stack leaves nothing behind`() async throws {
        let stack = try await Stack.temporary()
        try await stack.cache.set("key", 1)
        try await stack.jobs.enqueue(Greet(name: "Ada"))
        let folder = stack.folder
        #expect(try permissions(folder) == 0o700)
        await stack.close()
        #expect(!FileManager.default.fileExists(atPath: folder))
        await stack.close()
    }

    @Test func `a temporary stack that is forgotten leaves nothing behind either`() async throws {
        let folder = try await Stack.temporary().folder
        try await eventually("the folder is gone") { !FileManager.default.fileExists(atPath: folder) }
    }

    @Test func `what a stack stored is there when it is opened again`() async throws {
        try await withTemporaryDirectory { folder in
            let first = try await Stack.open(at: folder)
            let id = try await first.jobs.enqueue(Greet(name: "Ada")).id
            try await first.cache.set("key", 1)
            let cursor = try await first.cable.publish("hello", to: "a")
            await first.close()
            let second = try await Stack.open(at: folder)
            #expect(try await second.jobs.job(id)?.state == .available)
            #expect(try await second.cache.get("key") == 1)
            #expect(try await second.cable.cursor() == cursor)
            await second.close()
        }
    }

    @Test func `adding a worker to a stack that runs is a mistake of the caller`() async {
        await #expect(processExitsWith: .failure) {
            let stack = try await Stack.temporary()
            let run = Task { try await stack.run() }
            run.cancel()
            try? await run.value
            stack.addWorker { _ in }
        }
    }
}
