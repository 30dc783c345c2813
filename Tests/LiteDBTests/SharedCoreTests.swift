import Foundation
import Testing

@testable import LiteDB

/// One core for each file and process, whatever path it was opened by, and what closing it means.
@Suite struct SharedCoreTests {
    @Test func `opening twice gives the same core, and the last close closes it`() async throws {
        try await withNotes { first in
            let second = try await Database.open(at: first.path)
            #expect(first.core === second.core)
            #expect(first.identifier == second.identifier)
            await second.close()
            #expect(try await code { try second.read { _ in } } == .closed)
            try first.expectNotes([])
        }
    }

    @Test func `symbolic links lead to the same core`() async throws {
        try await withNotes { database in
            let folder = database.directory
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/link.sqlite3", withDestinationPath: database.path)
            try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder)
            for path in ["/link.sqlite3", "/link/test.sqlite3", "/link/link/link.sqlite3", "/./run/../test.sqlite3"] {
                try await withDatabase(at: folder + path) { other in
                    #expect(other.core === database.core)
                    #expect(other.path == database.path)
                }
            }
        }
    }

    @Test func `a symbolic link to a file that is not there yet makes that file`() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/data", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/link.sqlite3", withDestinationPath: "data/app.sqlite3")
            try await withDatabase(at: folder + "/link.sqlite3") { first in
                try await withDatabase(at: folder + "/data/app.sqlite3") { second in
                    #expect(first.core === second.core)
                    // Else two processes would not meet at the gate.
                    #expect(first.runDirectory == second.runDirectory)
                    #expect(first.runDirectory.hasSuffix("/data/run"))
                }
            }
        }
    }

    @Test func `symbolic links in a circle are told`() async throws {
        try await withFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: folder + "/a", withDestinationPath: "b")
            try FileManager.default.createSymbolicLink(atPath: folder + "/b", withDestinationPath: "a")
            let refused = try await code { try await Database.open(at: folder + "/a") }
            #expect(refused == .cannotOpen)
        }
    }

    @Test func `a relative path starts from the working directory`() async throws {
        let name = "litedb-test-\(UUID().uuidString)"
        let folder = FileManager.default.currentDirectoryPath + "/" + name
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await withDatabase(at: name + "/app.sqlite3") { relative in
            try await withDatabase(at: folder + "/app.sqlite3") { absolute in
                #expect(relative.core === absolute.core)
                #expect(relative.path == absolute.path)
            }
        }
    }

    @Test func `opening at the same time gives the same core`() async throws {
        try await withFolder { folder in
            let opened = try await withThrowingTaskGroup(of: Database.self) { group in
                for _ in 0..<8 { group.addTask { try await Database.open(at: folder + "/app.sqlite3") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(opened.allSatisfy { $0.core === opened[0].core })
            for database in opened { await database.close() }
            #expect(try await code { try await opened[0].execute("CREATE TABLE x (y)") } == .closed)
        }
    }

    @Test func `another durability for an open file is refused`() async throws {
        try await withNotes { database in
            var configuration = Database.Configuration()
            configuration.durability = .normal
            let refused = try await code { try await Database.open(at: database.path, configuration: configuration) }
            #expect(refused == .cannotOpen)
        }
    }

    @Test func `a file in rollback mode is turned to WAL and keeps its rows`() async throws {
        try await withFolder { folder in
            let path = folder + "/app.sqlite3"
            do {
                let raw = try RawConnection(path)
                try raw.execute(
                    "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO notes VALUES (1, 'old')")
            }
            try await withDatabase(at: path) { database in
                try database.expectNotes(["old"])
                #expect(try RawConnection(path).all("PRAGMA journal_mode") == ["wal"])
            }
            #expect(try RawConnection(path).all("PRAGMA journal_mode") == ["wal"])
        }
    }

    @Test func `processes that open and close one file all the time never meet a lock`() async throws {
        try await withFolder { folder in
            let path = folder + "/app.sqlite3"
            try await withDatabase(at: path) { _ = try await $0.execute("CREATE TABLE notes (body TEXT)") }
            let children = try (0..<3).map { _ in try ChildProcess("open-and-close", path, "25") }
            for child in children {
                _ = await child.rest()
                #expect(await child.exit() == 0)
            }
            try await withDatabase(at: path) { database in
                let count = try database.read { try $0.first("SELECT count(*) FROM notes", as: Int.self) }
                #expect(count == 3 * 26)
            }
        }
    }

    @Test func `the WAL of a process that was killed is recovered`() async throws {
        try await withNotes { database in
            let path = database.path
            await database.close()
            let child = try ChildProcess("insert", path, "20", "left")
            #expect(try await child.line() == "done")
            child.kill()
            await child.exit()
            try await withDatabase(at: path) { try $0.expectNotes((0..<20).map { "left \($0)" }) }
        }
    }
}
