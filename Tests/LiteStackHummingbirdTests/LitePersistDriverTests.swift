#if Hummingbird
import Foundation
import Hummingbird
import LiteCache
import LiteDB
import LiteStackTesting
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import LiteStackHummingbird

@Suite(.timeLimit(.minutes(5))) struct LitePersistDriverTests {
    private struct Visitor: Codable, Equatable {
        var name: String
        var visits: Int
    }

    private final class Wall: Sendable {
        let seconds = Atomic<Int>(1_800_000_000)

        func advance(by count: Int) { seconds.add(count, ordering: .relaxed) }
    }

    private func withDriver(_ body: (LitePersistDriver, Wall, Database) async throws -> Void) async throws {
        try await withTemporaryDatabase { database in
            let wall = Wall()
            let driver = try await LitePersistDriver(
                database, now: { Date(timeIntervalSince1970: Double(wall.seconds.load(ordering: .relaxed))) })
            try await body(driver, wall, database)
        }
    }

    @Test func `a value is created, overwritten, read and removed`() async throws {
        try await withDriver { driver, _, _ in
            let visitor = Visitor(name: "Ada", visits: 1)
            try await driver.create(key: "one", value: visitor)
            #expect(try await driver.get(key: "one", as: Visitor.self) == visitor)
            try await driver.set(key: "one", value: Visitor(name: "Ada", visits: 2))
            #expect(try await driver.get(key: "one", as: Visitor.self)?.visits == 2)
            try await driver.remove(key: "one")
            #expect(try await driver.get(key: "one", as: Visitor.self) == nil)
            try await driver.remove(key: "one")
        }
    }

    @Test func `creating twice is refused, unless the first is over`() async throws {
        try await withDriver { driver, wall, _ in
            try await driver.create(key: "key", value: 1, expires: .seconds(10))
            await #expect(throws: PersistError.duplicate) {
                try await driver.create(key: "key", value: 2, expires: .seconds(10))
            }
            wall.advance(by: 10)
            try await driver.create(key: "key", value: 3, expires: nil)
            #expect(try await driver.get(key: "key", as: Int.self) == 3)
        }
    }

    @Test func `setting without a time keeps the one that was set, and a dead one is forgotten`() async throws {
        try await withDriver { driver, wall, _ in
            try await driver.set(key: "key", value: 1, expires: .seconds(10))
            wall.advance(by: 4)
            try await driver.set(key: "key", value: 2, expires: nil)
            let found = try #require(try await driver.getWithTTL(key: "key", as: Int.self))
            #expect(found.object == 2)
            #expect(found.ttl == .seconds(6))
            wall.advance(by: 6)
            #expect(try await driver.get(key: "key", as: Int.self) == nil)
            try await driver.set(key: "key", value: 3, expires: nil)
            let again = try #require(try await driver.getWithTTL(key: "key", as: Int.self))
            #expect(again.object == 3 && again.ttl == nil)
        }
    }

    @Test func `a value of another type is told`() async throws {
        try await withDriver { driver, _, _ in
            try await driver.set(key: "key", value: "text", expires: nil)
            await #expect(throws: PersistError.invalidConversion) {
                try await driver.get(key: "key", as: Visitor.self)
            }
        }
    }

    @Test func `what is over is removed, and nothing else`() async throws {
        try await withDriver { driver, wall, database in
            for number in 0..<1_100 { try await driver.set(key: "\(number)", value: number, expires: .seconds(5)) }
            try await driver.set(key: "kept", value: 1, expires: .seconds(60))
            try await driver.set(key: "for ever", value: 1, expires: nil)
            wall.advance(by: 5)
            try await driver.sweep()
            let count = try database.read { try $0.first("SELECT count(*) FROM lite_persist", as: Int.self) }
            #expect(count == 2)
        }
    }

    @Test func `values are there after the database was opened again`() async throws {
        try await withTemporaryDirectory { folder in
            let first = try await Database.open(at: folder + "/app.sqlite3")
            try await LitePersistDriver(first).set(key: "key", value: 7, expires: .seconds(60))
            await first.close()
            let second = try await Database.open(at: folder + "/app.sqlite3")
            let driver = try await LitePersistDriver(second)
            #expect(try await driver.get(key: "key", as: Int.self) == 7)
            await second.close()
        }
    }

    @Test func `neither the cache's eviction nor its clearing takes a value, in one file or in two`() async throws {
        try await withTemporaryDatabase { database in
            let driver = try await LitePersistDriver(database)
            try await driver.create(key: "session", value: 7, expires: .seconds(600))
            var small = Cache.Configuration()
            small.maximumBytes = 20_000
            let cache = try await Cache(database, configuration: small)
            for number in 0..<100 { try await cache.set("session", [UInt8](repeating: 1, count: 400 + number)) }
            for number in 0..<100 { try await cache.set("\(number)", [UInt8](repeating: 1, count: 400)) }
            #expect(try await cache.statistics().activity.evictions > 0)
            try await cache.clear(namespace: "session")
            try await cache.invalidate(tag: "session")
            try await cache.delete("session")
            try await cache.clear()
            try await cache.maintain()
            let found = try #require(try await driver.getWithTTL(key: "session", as: Int.self))
            #expect(found.object == 7)
            #expect(try #require(found.ttl) > .seconds(500))
        }
    }

    @Test func `as a service it removes what is over, and ends when the server shuts down`() async throws {
        try await withTemporaryDatabase { database in
            let driver = try await LitePersistDriver(database, sweepInterval: .milliseconds(5))
            try await driver.create(key: "over", value: 1, expires: .zero)
            try await driver.create(key: "kept", value: 1, expires: nil)
            var logger = Logger(label: "tests")
            logger.logLevel = .critical
            let services = ServiceGroup(
                configuration: ServiceGroupConfiguration(services: [driver], logger: logger))
            async let run: Void = services.run()
            try await eventually("it is removed", within: .seconds(30)) {
                try database.read { try $0.first("SELECT count(*) FROM lite_persist", as: Int.self) } == 1
            }
            await services.triggerGracefulShutdown()
            try await run
            #expect(try await driver.get(key: "kept", as: Int.self) == 1)
        }
    }

    @Test func `a removal that fails is told, and stops no server`() async throws {
        try await withTemporaryDatabase { database in
            let log = RecordingLog()
            let driver = try await LitePersistDriver(database, sweepInterval: .milliseconds(5), logger: log.logger)
            try await driver.create(key: "over", value: 1, expires: .zero)
            try await database.execute("ALTER TABLE lite_persist RENAME TO away")
            let services = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [driver], logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }))
            async let run: Void = services.run()
            try await eventually("it is told") { log.count(of: "could not be removed") > 0 }
            try await database.execute("ALTER TABLE away RENAME TO lite_persist")
            try await eventually("a later round removes it") {
                try database.read { try $0.first("SELECT count(*) FROM lite_persist", as: Int.self) } == 0
            }
            await services.triggerGracefulShutdown()
            try await run
        }
    }
}
#endif
