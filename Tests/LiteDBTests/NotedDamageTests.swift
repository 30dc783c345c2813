import Foundation
import Testing

@testable import LiteDB

@Suite struct NotedDamageTests {
    @Test func `a disposable file in which a component found damage is set aside by the next open`() async throws {
        try await withFolder { folder in
            let path = folder + "/cache.sqlite3"
            var disposable = Database.Configuration()
            disposable.isDisposable = true
            let first = try await Database.open(at: path, configuration: disposable)
            try await first.execute("CREATE TABLE numbers (n INTEGER)")
            first.noteDamage()
            await first.close()
            let second = try await Database.open(at: path, configuration: disposable)
            let tables = try second.read { try $0.first("SELECT count(*) FROM sqlite_schema", as: Int.self) }
            #expect(tables == 0)
            await second.close()
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.contains { $0.hasPrefix("cache.sqlite3.damaged-") })
        }
    }
}
