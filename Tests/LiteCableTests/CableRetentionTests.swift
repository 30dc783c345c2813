import LiteCable
import LiteDB
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct CableRetentionTests {
    private func messageCount(_ database: Database) throws -> Int {
        try database.read { snapshot in try snapshot.rowCount(of: "lite_cable_messages") }
    }

    /// The gap that a subscription begins with, and the message behind it.
    private func gapAndNext(_ subscription: Cable.Subscription) async throws -> (Cable.Gap, Cable.Message)? {
        let events = try await events(2, of: subscription)
        guard case .gap(let gap) = events.first, case .message(let message) = events.last else { return nil }
        return (gap, message)
    }

    @Test func `the log keeps to its number of messages, and tells a subscriber what it missed`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 100
        try await withCable(configuration) { cable, database in
            let start = try await cable.cursor()
            for number in 1...1_000 { try await cable.publish(number, to: "a") }
            #expect(try messageCount(database) <= 100 + 64)
            let (gap, next) = try #require(
                try await gapAndNext(cable.subscribe(to: ["a"], from: .after(start))))
            #expect(gap.reason == .trimmed)
            #expect(gap.from == start)
            #expect(next.cursor.seq == gap.resumesAfter.seq + 1)
            // Nothing is missing behind the gap.
            let rest = try await events(
                1_000 - Int(gap.resumesAfter.seq) + 1, of: cable.subscribe(to: ["a"], from: .after(start)))
            #expect(rest.last?.cursor == (try await cable.cursor()))
            let numbers = try rest.dropFirst().map { event -> Int in
                guard case .message(let message) = event else { return -1 }
                return try message.decode()
            }
            #expect(numbers == Array((Int(gap.resumesAfter.seq) + 1)...1_000))
        }
    }

    @Test func `messages published together are trimmed as they come, in one look`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 100
        try await withCable(configuration) { cable, database in
            for start in stride(from: 0, to: 3_000, by: 1_000) {
                let drafts = try (start..<start + 1_000).map { try Cable.Draft($0, to: "a") }
                let last = try #require(try await cable.publish(drafts))
                #expect(last.seq == Int64(start) + 1_000)
                // The last look of a batch stands at its end, so nothing is left over.
                #expect(try messageCount(database) == 100)
            }
            let few = try (0..<10).map { try Cable.Draft($0, to: "a") }
            #expect(try await cable.publish(few) != nil)
            #expect(try messageCount(database) <= 100 + 64)
            #expect(try await cable.publish([]) == nil)
        }
    }

    @Test func `the log keeps to its bytes, and always keeps the newest message`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumBytes = 10_000
        try await withCable(configuration) { cable, database in
            for _ in 0..<640 { try await cable.publish(bytes: [UInt8](repeating: 7, count: 1_000), to: "a") }
            #expect(try messageCount(database) == 10)
            for _ in 0..<63 { try await cable.publish(bytes: [7], to: "a") }
            try await cable.publish(bytes: [UInt8](repeating: 7, count: 20_000), to: "a")
            #expect(try messageCount(database) == 1)
        }
    }

    @Test func `messages leave the log when they are old`() async throws {
        let wall = TestWall()
        var configuration = Cable.Configuration()
        configuration.maximumAge = .seconds(60)
        configuration.now = wall.now
        try await withCable(configuration) { cable, database in
            for number in 0..<100 { try await cable.publish(number, to: "a") }
            #expect(try messageCount(database) == 100)
            wall.advance(by: .seconds(61))
            for number in 100..<128 { try await cable.publish(number, to: "a") }
            #expect(try messageCount(database) == 28)
        }
    }

    @Test func `a subscriber that waits is told when it was overtaken`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 10
        try await withCable(configuration) { cable, database in
            let subscription = try await cable.subscribe(to: ["a"])
            var iterator = subscription.makeAsyncIterator()
            try await cable.publish(0, to: "a")
            #expect(try await iterator.next() != nil)
            try await database.write { transaction in
                for number in 1..<640 { try cable.publish(number, to: "a", in: transaction) }
            }
            guard case .gap(let gap) = try await iterator.next() else {
                Issue.record("639 messages came and at most 74 are kept")
                return
            }
            #expect(gap.reason == .trimmed)
            #expect(gap.from.seq == 1)
        }
    }

    @Test func `a cursor of another log is a gap`() async throws {
        try await withCable { cable, _ in
            let own = try await cable.publish("old", to: "a")
            let foreign = try #require(Cable.Cursor("0123456789abcdef-\(own.seq)"))
            var iterator = try await cable.subscribe(to: ["a"], from: .after(foreign)).makeAsyncIterator()
            guard case .gap(let gap) = try await iterator.next() else {
                Issue.record("the cursor belongs to another log")
                return
            }
            #expect(gap.reason == .otherLog)
            #expect(gap.from == foreign)
            #expect(gap.resumesAfter == own)
            try await cable.publish("new", to: "a")
            guard case .message(let message) = try await iterator.next() else {
                Issue.record("the subscription goes on behind the gap")
                return
            }
            #expect(message.text == #""new""#)
        }
    }

    @Test func `a cursor that lies ahead of the log is a gap, as after a restore`() async throws {
        try await withCable { cable, _ in
            let own = try await cable.publish("one", to: "a")
            let ahead = try #require(Cable.Cursor("\(own.epoch)-\(own.seq + 5)"))
            guard case .gap(let gap) = try await events(1, of: cable.subscribe(to: ["a"], from: .after(ahead))).first
            else {
                Issue.record("the log does not reach as far")
                return
            }
            #expect(gap.reason == .otherLog)
            #expect(gap.from == ahead)
            #expect(gap.resumesAfter == own)
        }
    }

    @Test func `messages leave the log when they are old, also if nobody publishes any more`() async throws {
        let wall = TestWall()
        var configuration = Cable.Configuration()
        configuration.maximumAge = .seconds(60)
        configuration.now = wall.now
        try await withCable(configuration) { cable, database in
            try await database.write { transaction in
                for number in 0..<1_000 { try cable.publish(number, to: "a", in: transaction) }
            }
            try await cable.trim()
            #expect(try messageCount(database) == 1_000)
            wall.advance(by: .seconds(61))
            let upkeep = Task { await cable.run() }
            try await eventually("all but the newest are gone") { try messageCount(database) == 1 }
            upkeep.cancel()
            await upkeep.value
        }
    }

    @Test func `an emptied log is not trimmed for what was in it`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 128
        try await withCable(configuration) { cable, database in
            for number in 0..<128 { try await cable.publish(number, to: "a") }
            try await database.execute("DELETE FROM lite_cable_messages")
            for number in 0..<128 { try await cable.publish(number, to: "a") }
            #expect(try messageCount(database) == 128)
        }
    }

    @Test func `an emptied log goes on with its numbers and tells the gap`() async throws {
        try await withCable { cable, database in
            let start = try await cable.cursor()
            for number in 0..<5 { try await cable.publish(number, to: "a") }
            try await database.execute("DELETE FROM lite_cable_messages")
            #expect(try await cable.cursor().seq == 5)
            guard case .gap(let gap) = try await events(1, of: cable.subscribe(to: ["a"], from: .after(start))).first
            else {
                Issue.record("five messages are missing")
                return
            }
            #expect(gap.resumesAfter.seq == 5)
            #expect(try await cable.publish(5, to: "a").seq == 6)
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct RetentionRuleTests {
    private func count(_ channel: String, _ database: Database) throws -> Int {
        try database.read { snapshot in
            try snapshot.first("SELECT count(*) FROM lite_cable_messages WHERE channel = \(channel)", as: Int.self) ?? 0
        }
    }

    @Test func `a pattern keeps to its own limits, and only its subscribers are told a gap`() async throws {
        var configuration = Cable.Configuration()
        var few = Cable.Retention("cursor.>")
        few.maximumMessageCount = 10
        configuration.retention = [few]
        try await withCable(configuration) { cable, database in
            let start = try await cable.cursor()
            for number in 0..<640 {
                try await cable.publish(number, to: "cursor.\(number % 2)")
                if number % 10 == 0 { try await cable.publish(number, to: "room") }
            }
            #expect(try count("cursor.0", database) + count("cursor.1", database) <= 10 + 64)
            #expect(try count("room", database) == 64)
            let room = try await events(64, of: try await cable.subscribe(to: "room", from: .after(start)))
            #expect(room.allSatisfy { if case .message = $0 { true } else { false } })
            guard
                case .gap(let gap) = try await events(
                    1, of: try await cable.subscribe(to: ["room", "cursor.0"], from: .after(start))
                ).first
            else {
                Issue.record("most cursors are gone")
                return
            }
            #expect(gap.reason == .trimmed)
            // What is kept for longer is delivered all the same, also to one that comes back behind the gap.
            let again = try await cable.subscribe(to: "room", from: .after(gap.resumesAfter))
            #expect(try await texts(1, of: again) == ["0"])
        }
    }

    @Test func `messages from before a rule are told as gone, whatever their channel's rule is now`() async throws {
        try await withCable { first, database in
            let start = try await first.cursor()
            for number in 0..<128 { try await first.publish(number, to: "room.7") }
            var configuration = Cable.Configuration()
            configuration.maximumMessageCount = 5
            configuration.retention = [Cable.Retention("room.>")]
            let second = try await Cable(database, configuration: configuration)
            for number in 0..<64 { try await second.publish(number, to: "other") }
            #expect(try count("room.7", database) < 128)
            guard
                case .gap(let gap) = try await events(
                    1, of: try await second.subscribe(to: "room.7", from: .after(start))
                ).first
            else {
                Issue.record("messages of the channel are gone")
                return
            }
            #expect(gap.reason == .trimmed)
        }
    }

    @Test func `a rule that is taken away leaves its messages to the log's own limits`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 5
        var many = Cable.Retention("kept")
        many.maximumMessageCount = 1_000
        configuration.retention = [many]
        try await withCable(configuration) { cable, database in
            for number in 0..<128 { try await cable.publish(number, to: "kept") }
            #expect(try count("kept", database) == 128)
            var without = configuration
            without.retention = []
            let later = try await Cable(database, configuration: without)
            for number in 0..<64 { try await later.publish(number, to: "other") }
            #expect(try count("kept", database) <= 5)
        }
    }

    @Test func `a log of the first release is taken over with its numbers, its epoch and its gaps`() async throws {
        try await withTemporaryDatabase { database in
            try await database.write { transaction in
                try transaction.executeScript(
                    """
                    CREATE TABLE lite_schemas (component TEXT PRIMARY KEY, version INTEGER NOT NULL, oldest_usable INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                    INSERT INTO lite_schemas VALUES ('cable', 1, 1);
                    CREATE TABLE lite_cable_messages (seq INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, payload BLOB NOT NULL, published_at INTEGER NOT NULL, total_bytes INTEGER NOT NULL) STRICT;
                    CREATE TABLE lite_cable_log (id INTEGER PRIMARY KEY CHECK (id = 1), epoch TEXT NOT NULL) STRICT;
                    INSERT INTO lite_cable_log VALUES (1, '0123456789abcdef');
                    INSERT INTO lite_cable_messages VALUES (7, 'a', x'37', 1800000000000, 1), (8, 'a', x'38', 1800000000000, 2);
                    """)
            }
            let cable = try await Cable(database)
            #expect(try await cable.cursor() == Cable.Cursor("0123456789abcdef-8"))
            let start = try #require(Cable.Cursor("0123456789abcdef-3"))
            let taken = try await events(3, of: try await cable.subscribe(to: "a", from: .after(start)))
            guard case .gap(let gap) = taken[0] else {
                Issue.record("the numbers 4 to 6 are gone")
                return
            }
            #expect(gap.to.seq == 6)
            #expect(taken.dropFirst().map(\.cursor.seq) == [7, 8])
            #expect(try await cable.publish("x", to: "a").seq == 9)
        }
    }
}
