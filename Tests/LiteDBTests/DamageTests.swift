import Foundation
import Logging
import Testing

@testable import LiteDB

@Suite struct DamageTests {
    /// A database whose third page (behind the pointer map) is noise: it opens, and reading the table finds the damage.
    private func makeDamagedFile(_ path: String) async throws {
        let database = try await Database.open(at: path)
        try await database.execute("CREATE TABLE numbers (n INTEGER)")
        try await database.execute("INSERT INTO numbers VALUES (1)")
        await database.close()
        try overwrite(path, at: 8192, with: Data(repeating: 0xA5, count: 4096))
    }

    private func overwrite(_ path: String, at offset: UInt64, with data: Data) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: data)
        try file.close()
    }

    @Test func `a damaged application file is refused and left as it is`() async throws {
        try await withFolder { folder in
            let path = folder + "/app.sqlite3"
            try await makeDamagedFile(path)
            try overwrite(path, at: 0, with: Data(repeating: 0x5A, count: 4096))
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            let error = await #expect(throws: DatabaseError.self) { try await Database.open(at: path) }
            #expect(error?.code == .notADatabase)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    @Test func `a disposable file that is no database is set aside and made anew`() async throws {
        try await withFolder { folder in
            let path = folder + "/cache.sqlite3"
            try Data(repeating: 0x5A, count: 8192).write(to: URL(fileURLWithPath: path))
            let cache = try await Database.open(at: path, configuration: .disposable)
            try await cache.execute("CREATE TABLE entries (n INTEGER)")
            for suffix in ["", "-wal", "-shm"] {
                let mode =
                    try FileManager.default.attributesOfItem(atPath: path + suffix)[.posixPermissions] as? NSNumber
                #expect(mode?.intValue == 0o600, "\(suffix)")
            }
            await cache.close()
            let kept = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains(".damaged-") }
            #expect(kept.count == 1)
        }
    }

    @Test func `damage that a statement found in a disposable file is mended by the next open`() async throws {
        try await withFolder { folder in
            let path = folder + "/cache.sqlite3"
            try await makeDamagedFile(path)
            let damaged = try await Database.open(at: path, configuration: .disposable)
            let error = #expect(throws: DatabaseError.self) {
                try damaged.read { try $0.first("SELECT n FROM numbers", as: Int.self) }
            }
            #expect(error?.code == .damaged)
            await damaged.close()
            let mended = try await Database.open(at: path, configuration: .disposable)
            let tables = try mended.read { try $0.tables() }
            #expect(tables.isEmpty)
            await mended.close()
        }
    }

    @Test func `what another process has made anew meanwhile is not set aside`() async throws {
        try await withFolder { folder in
            let path = folder + "/cache.sqlite3"
            try Data("new".utf8).write(to: URL(fileURLWithPath: path))
            let file = DamagedFile(path: path, runDirectory: folder, logger: .current)
            let lock = OpenLock(directory: folder, name: "cache.sqlite3")
            try file.setAside(lock) { false }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                    "cache.sqlite3", "cache.sqlite3.open",
                ])
            try file.setAside(lock) { true }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `a disposable file that another process has open is not set aside`() async throws {
        try await withFolder { folder in
            let path = folder + "/cache.sqlite3"
            try FileManager.default.createDirectory(atPath: folder + "/run", withIntermediateDirectories: true)
            try Data(repeating: 0x5A, count: 8192).write(to: URL(fileURLWithPath: path))
            let other = OpenLock(directory: folder + "/run", name: "cache.sqlite3")
            try other.take(timeout: .seconds(1))
            let error = await #expect(throws: DatabaseError.self) {
                try await Database.open(at: path, configuration: .disposable)
            }
            #expect(error?.code == .notADatabase)
            other.release()
            let cache = try await Database.open(at: path, configuration: .disposable)
            await cache.close()
        }
    }
}

extension Database.Configuration {
    fileprivate static var disposable: Self {
        var configuration = Self()
        configuration.durability = .normal
        configuration.isDisposable = true
        return configuration
    }
}
