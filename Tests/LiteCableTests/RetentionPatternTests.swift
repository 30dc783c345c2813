import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

/// Each limit of a retention by pattern, and how much is removed at a time.
@Suite(.timeLimit(.minutes(5))) struct RetentionPatternTests {
    private func count(_ channel: String, _ database: Database) throws -> Int {
        try database.read { snapshot in
            try snapshot.first("SELECT count(*) FROM lite_cable_messages WHERE channel = \(channel)", as: Int.self) ?? 0
        }
    }

    private func retention(_ change: (inout Cable.Retention) -> Void) -> Cable.Configuration {
        var configuration = Cable.Configuration()
        var short = Cable.Retention("short.*")
        change(&short)
        configuration.retention = [short]
        return configuration
    }

    @Test func `a pattern keeps to its bytes, and others to theirs`() async throws {
        try await withCable(retention { $0.maximumBytes = 5_000 }) { cable, database in
            for _ in 0..<320 {
                try await cable.publish(bytes: [UInt8](repeating: 7, count: 1_000), to: "short.a")
                try await cable.publish(bytes: [UInt8](repeating: 7, count: 1_000), to: "long")
            }
            #expect(try count("short.a", database) == 5)
            #expect(try count("long", database) == 320)
        }
    }

    @Test func `a pattern keeps to its age, and others to theirs`() async throws {
        let wall = TestWall()
        var configuration = retention { $0.maximumAge = .seconds(60) }
        configuration.now = wall.now
        try await withCable(configuration) { cable, database in
            for number in 0..<100 { try await cable.publish(number, to: number % 2 == 0 ? "short.a" : "long") }
            wall.advance(by: .seconds(59))
            try await cable.trim()
            #expect(try count("short.a", database) == 50)
            wall.advance(by: .seconds(2))
            try await cable.trim()
            #expect(try count("short.a", database) == 0)
            #expect(try count("long", database) == 50)
        }
    }

    @Test func `what is over is removed in slices, so that others can write between them`() async throws {
        let wall = TestWall()
        var configuration = retention { $0.maximumAge = .seconds(60) }
        configuration.now = wall.now
        try await withCable(configuration) { cable, database in
            try await database.write { transaction in
                for number in 0..<1_000 { try cable.publish(number, to: "short.a", in: transaction) }
            }
            wall.advance(by: .seconds(61))
            let store = cable.store
            var (left, looks) = (1_000, 0)
            while left > 1 {
                let hasMore = try await database.write { transaction in
                    try store.trim(
                        upTo: try store.head(in: transaction), at: cable.clock.milliseconds(), in: transaction)
                }
                let now = try count("short.a", database)
                #expect(left - now <= CableStore.trimBatch)
                #expect(hasMore == (now > 1))
                (left, looks) = (now, looks + 1)
                guard looks < 10 else { break }
            }
            #expect(left == 1)
            #expect(looks == 4)
        }
    }
}
