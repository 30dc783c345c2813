import Foundation
import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct CableSubscribeTests {
    @Test func `a pattern receives the channels that it matches, in one order`() async throws {
        try await withCable { cable, _ in
            let subscription = try await cable.subscribe(to: ["room.*.typing", "hall.>"])
            for channel in ["room.7.typing", "room.7", "hall.a.b", "hall", "room.8.typing"] {
                try await cable.publish(bytes: Array(channel.utf8), to: channel)
            }
            #expect(try await texts(3, of: subscription) == ["room.7.typing", "hall.a.b", "room.8.typing"])
        }
    }

    @Test func `one message that two patterns of a subscription match is delivered once`() async throws {
        try await withCable { cable, _ in
            let subscription = try await cable.subscribe(to: ["a.b", "a.*", "a.>"])
            try await cable.publish(bytes: Array("one".utf8), to: "a.b")
            try await cable.publish(bytes: Array("two".utf8), to: "a.b")
            #expect(try await texts(2, of: subscription) == ["one", "two"])
        }
    }

    @Test func `a sender does not receive what excludes it`() async throws {
        try await withCable { cable, _ in
            let (sender, other) = (Cable.ConnectionID(), Cable.ConnectionID())
            let own = try await cable.subscribe(to: "a", as: sender)
            let others = try await cable.subscribe(to: "a", as: other)
            try await cable.publish(bytes: Array("typed".utf8), to: "a", excluding: sender)
            try await cable.publish(bytes: Array("told".utf8), to: "a")
            #expect(try await texts(1, of: own) == ["told"])
            #expect(try await texts(2, of: others) == ["typed", "told"])
        }
    }

    @Test func `an event keeps its name, and bytes are told from JSON`() async throws {
        try await withCable { cable, _ in
            let subscription = try await cable.subscribe(to: "a")
            try await cable.publish("x", to: "a", event: "said")
            try await cable.publish(bytes: [0xff], to: "a")
            let events = try await events(2, of: subscription)
            guard case .message(let said) = events[0], case .message(let bytes) = events[1] else {
                Issue.record("two messages were published")
                return
            }
            #expect(said.event == "said")
            #expect(said.isJSON)
            #expect(bytes.event == nil)
            #expect(!bytes.isJSON)
            #expect(bytes.text == nil)
        }
    }

    @Test func `several messages stand next to each other, all or none`() async throws {
        try await withCable { cable, _ in
            let subscription = try await cable.subscribe(to: ["a", "b"])
            let last = try await cable.publish([
                Cable.Draft("one", to: "a"), Cable.Draft("two", to: "b", event: "e"),
                Cable.Draft(bytes: Array("three".utf8), to: "a"),
            ])
            #expect(last == (try await cable.cursor()))
            #expect(try await texts(3, of: subscription) == [#""one""#, #""two""#, "three"])
            await #expect {
                try await cable.publish([Cable.Draft("x", to: "a"), Cable.Draft("y", to: "$a")])
            } throws: {
                ($0 as? CableError)?.code == .invalidChannel
            }
            #expect(last == (try await cable.cursor()))
            #expect(try await cable.publish([]) == nil)
        }
    }

    @Test func `a subscription begins with the last messages of its channels`() async throws {
        try await withCable { cable, _ in
            for number in 0..<10 {
                try await cable.publish(number, to: "a")
                try await cable.publish(number, to: "b")
            }
            #expect(try await texts(3, of: try await cable.subscribe(to: "a", from: .last(3))) == ["7", "8", "9"])
            #expect(try await texts(1, of: try await cable.subscribe(to: "a", from: .last(100))) == ["0"])
            let none = try await cable.subscribe(to: "c", from: .last(3))
            try await cable.publish("new", to: "c")
            #expect(try await texts(1, of: none) == [#""new""#])
        }
    }

    @Test func `a subscription begins with what was published at a time or later`() async throws {
        let wall = TestWall()
        var configuration = Cable.Configuration()
        configuration.now = wall.now
        try await withCable(configuration) { cable, _ in
            try await cable.publish("before", to: "a")
            wall.advance(by: .seconds(10))
            let time = wall.now()
            try await cable.publish("at", to: "a")
            wall.advance(by: .seconds(10))
            try await cable.publish("after", to: "a")
            #expect(
                try await texts(2, of: try await cable.subscribe(to: "a", from: .since(time))) == [
                    #""at""#, #""after""#,
                ])
            wall.advance(by: .seconds(10))
            let future = try await cable.subscribe(to: "a", from: .since(wall.now()))
            try await cable.publish("new", to: "a")
            #expect(try await texts(1, of: future) == [#""new""#])
        }
    }

    @Test func `backlog goes over into what is new without a duplicate or a hole`() async throws {
        try await withCable { cable, database in
            let start = try await cable.cursor()
            let total = 3_000
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 0..<total { try await cable.publish(number, to: "a.\(number % 3)") }
                }
                for reader in 0..<4 {
                    group.addTask {
                        // Each joins at another time, some while others have made the router run already.
                        let beginning = try await eventuallyReached(reader * 500, in: database)
                        #expect(beginning)
                        var expected = 0
                        for try await event in try await cable.subscribe(to: "a.*", from: .after(start)) {
                            guard case .message(let message) = event else {
                                Issue.record("nothing was trimmed")
                                return
                            }
                            let number: Int = try message.decode()
                            #expect(number == expected)
                            expected = number + 1
                            if expected == total { break }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    private func eventuallyReached(_ count: Int, in database: Database) async throws -> Bool {
        try await eventually("\(count) messages") {
            try database.read { snapshot in try snapshot.rowCount(of: "lite_cable_messages") } >= count
        }
        return true
    }

    @Test(arguments: ["", "a\u{7}", String(repeating: "e", count: 513)])
    func `an event without a usable name is refused`(event: String) async throws {
        try await withCable { cable, _ in
            await #expect { try await cable.publish("x", to: "a", event: event) } throws: {
                ($0 as? CableError)?.code == .invalidEvent
            }
        }
    }

    @Test func `a restored file has another epoch, so an old cursor is a gap although the log has grown past it`()
        async throws
    {
        try await withTemporaryDirectory { folder in
            let path = folder + "/app.sqlite3"
            let cable = try await Cable.open(at: path)
            try await cable.publish("kept", to: "a")
            try await cable.database(backupTo: folder + "/backup.sqlite3")
            let lost = try await cable.publish("lost", to: "a")
            await cable.close()
            for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.removeItem(atPath: path + suffix)
            }
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: folder + "/backup.sqlite3", toPath: path)
            let restored = try await Cable.open(at: path)
            try await restored.publish("other", to: "a")
            try await restored.publish("further", to: "a")
            #expect(try await restored.cursor().seq > lost.seq)
            guard
                case .gap(let gap) = try await events(1, of: try await restored.subscribe(to: "a", from: .after(lost)))
                    .first
            else {
                Issue.record("the message behind the cursor is another one now")
                return
            }
            #expect(gap.reason == .otherLog)
            await restored.close()
            let again = try await Cable.open(at: path)
            #expect(try await again.cursor() == gap.to)
            await again.close()
        }
    }

    @Test func `another start of the machine is another log where a power cut can take numbers back`() async throws {
        try await withCable { cable, database in
            let cursor = try await cable.publish("one", to: "a")
            let same = try await Cable(database)
            #expect(try await same.cursor() == cursor)
            try await database.execute("UPDATE lite_cable_log SET boot = 'another'")
            let other = try await Cable(database)
            #expect(try await other.cursor().epoch != cursor.epoch)
            #expect(try await other.cursor().seq == cursor.seq)
        }
    }

    @Test func `a tool that restores a file in its place renews the epoch`() async throws {
        try await withCable { cable, database in
            let cursor = try await cable.publish("one", to: "a")
            try await cable.renewEpoch()
            let after = try await Cable(database)
            guard
                case .gap(let gap) = try await events(1, of: try await after.subscribe(to: "a", from: .after(cursor)))
                    .first
            else {
                Issue.record("the cursor is of another epoch")
                return
            }
            #expect(gap.reason == .otherLog)
        }
    }

    @Test func `the reading ends with the last subscription, also while others publish`() async throws {
        try await withCable { cable, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for number in 0..<400 { try await cable.publish(number, to: "a") } }
                group.addTask {
                    for _ in 0..<200 {
                        var iterator = try await cable.subscribe(to: "a", from: .last(1)).makeAsyncIterator()
                        _ = try await iterator.next()
                    }
                }
                try await group.waitForAll()
            }
            #expect(cable.router.listenerCount == 0)
            try await eventually("nothing reads any more") { !cable.router.isReading }
        }
    }
}
