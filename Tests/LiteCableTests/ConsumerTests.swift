import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct ConsumerTests {
    @Test func `a named consumer goes on where it saved, and begins live`() async throws {
        try await withCable { cable, _ in
            try await cable.publish("before", to: "a")
            _ = try await cable.subscribe(consumer: "mailer", to: ["a"])
            let first = try await cable.publish("one", to: "a")
            try await cable.publish("two", to: "a")
            #expect(
                try await texts(2, of: try await cable.subscribe(consumer: "mailer", to: ["a"])) == [
                    #""one""#, #""two""#,
                ])
            try await cable.save(first, consumer: "mailer")
            #expect(try await texts(1, of: try await cable.subscribe(consumer: "mailer", to: ["a"])) == [#""two""#])
            #expect(try await cable.consumers().map(\.cursor) == [first])
        }
    }

    @Test func `a place never moves back, and is saved or not with the transaction`() async throws {
        struct Refused: Error {}
        try await withCable { cable, database in
            let first = try await cable.publish("one", to: "a")
            let second = try await cable.publish("two", to: "a")
            try await cable.save(second, consumer: "c")
            try await cable.save(first, consumer: "c")
            #expect(try await cable.consumers().first?.cursor == second)
            let third = try await cable.publish("three", to: "a")
            await #expect(throws: Refused.self) {
                try await database.write { transaction in
                    try cable.save(third, consumer: "c", in: transaction)
                    throw Refused()
                }
            }
            #expect(try await cable.consumers().first?.cursor == second)
            try await cable.removeConsumer("c")
            #expect(try await cable.consumers().isEmpty)
        }
    }

    @Test func `a place that the log has not come to cannot be saved, and a consumer that stands there comes back`()
        async throws
    {
        try await withCable { cable, database in
            let first = try await cable.publish("one", to: "a")
            let ahead = Cable.Cursor(epoch: first.epochNumber, seq: first.seq + 5)
            await #expect { try await cable.save(ahead, consumer: "c") } throws: {
                ($0 as? CableError)?.code == .otherLog
            }
            await #expect {
                try await database.write { transaction in try cable.save(ahead, consumer: "c", in: transaction) }
            } throws: {
                ($0 as? CableError)?.code == .otherLog
            }
            try await cable.save(first, consumer: "c")
            // Another release has let it.
            try await database.execute("UPDATE lite_cable_consumers SET seq = 6")
            let subscription = try await cable.subscribe(consumer: "c", to: ["a"])
            guard case .gap(let gap) = try await events(1, of: subscription).first else {
                Issue.record("it stands ahead of the log")
                return
            }
            #expect(gap.reason == .otherLog)
            let second = try await cable.publish("two", to: "a")
            try await cable.save(second, consumer: "c")
            #expect(try await cable.consumers().first?.cursor == second)
        }
    }

    @Test func `a place of another log cannot be saved`() async throws {
        try await withCable { cable, _ in
            let foreign = try #require(Cable.Cursor("0123456789abcdef-1"))
            await #expect { try await cable.save(foreign, consumer: "c") } throws: {
                ($0 as? CableError)?.code == .otherLog
            }
        }
    }
}
