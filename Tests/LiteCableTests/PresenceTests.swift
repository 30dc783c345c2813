import Foundation
import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct PresenceTests {
    private struct Info: Codable, Equatable, Sendable {
        var name: String
    }

    private func told(_ count: Int, _ subscription: Cable.Subscription) async throws -> [String] {
        try await events(count, of: subscription).map { event in
            guard case .message(let message) = event else { return "gap" }
            return "\(message.event ?? "") \(message.text ?? "")"
        }
    }

    @Test func `a member is told to come with its first connection, and to leave with its last`() async throws {
        try await withCable { cable, _ in
            let subscription = try await cable.subscribe(to: "$presence.room")
            let (one, two) = (Cable.ConnectionID(), Cable.ConnectionID())
            try await cable.presence.join("room", as: "ada", info: Info(name: "Ada"), connection: one)
            try await cable.presence.join("room", as: "ada", info: Info(name: "Ada"), connection: two)
            let members = try await cable.presence.members(of: "room")
            #expect(members.map(\.id) == ["ada"])
            #expect(members.first?.connectionCount == 2)
            #expect(try members.first?.decodeInfo() == Info(name: "Ada"))
            try await cable.presence.leave("room", member: "ada", connection: one)
            #expect(try await cable.presence.members(of: "room").first?.connectionCount == 1)
            try await cable.presence.leave(two)
            #expect(try await cable.presence.members(of: "room").isEmpty)
            #expect(
                try await told(2, subscription) == [
                    #"join {"member":"ada","info":{"name":"Ada"}}"#, #"leave {"member":"ada"}"#,
                ])
        }
    }

    @Test func `what is told of a member can change`() async throws {
        try await withCable { cable, _ in
            let subscription = try await cable.subscribe(to: "$presence.room")
            let connection = Cable.ConnectionID()
            try await cable.presence.join("room", as: "ada\"", connection: connection)
            #expect(try await cable.presence.update("room", member: "ada\"", info: Info(name: "A.")))
            #expect(!(try await cable.presence.update("room", member: "bob", info: Info(name: "B."))))
            #expect(
                try await told(2, subscription) == [
                    #"join {"member":"ada\"","info":null}"#, #"update {"member":"ada\"","info":{"name":"A."}}"#,
                ])
            #expect(try await cable.presence.members(of: "room").first?.decodeInfo() == Info(name: "A."))
        }
    }

    @Test func `a page that is loaded again within the grace does not leave`() async throws {
        let wall = TestWall()
        var configuration = Cable.Configuration()
        configuration.now = wall.now
        configuration.presenceTimeout = .seconds(3_600)
        try await withCable(configuration) { cable, _ in
            let subscription = try await cable.subscribe(to: "$presence.room")
            let (old, new) = (Cable.ConnectionID(), Cable.ConnectionID())
            try await cable.presence.join("room", as: "ada", connection: old)
            try await cable.presence.leave("room", member: "ada", connection: old, after: .seconds(5))
            #expect(try await cable.presence.members(of: "room").count == 1)
            try await cable.presence.join("room", as: "ada", connection: new)
            wall.advance(by: .seconds(6))
            #expect(try await cable.presence.members(of: "room").first?.connectionCount == 1)
            try await cable.presence.leave("room", member: "ada", connection: new, after: .seconds(5))
            wall.advance(by: .seconds(6))
            #expect(try await cable.presence.members(of: "room").isEmpty)
            // The keeper tells it within a second; who comes itself has its own end told first.
            try await cable.presence.join("room", as: "ada", connection: old)
            #expect(
                try await told(3, subscription).map { $0.prefix(24) } == [
                    #"join {"member":"ada","in"#, #"leave {"member":"ada"}"#, #"join {"member":"ada","in"#,
                ])
        }
    }

    @Test func `the list and the messages behind its cursor agree`() async throws {
        try await withCable { cable, database in
            try await cable.presence.join("room", as: "ada", connection: Cable.ConnectionID())
            let (members, cursor) = try database.read { snapshot in
                (try cable.presence.members(of: "room", in: snapshot), try cable.cursor(in: snapshot))
            }
            try await cable.presence.join("room", as: "bob", connection: Cable.ConnectionID())
            #expect(members.map(\.id) == ["ada"])
            let rest = try await told(1, try await cable.subscribe(to: "$presence.room", from: .after(cursor)))
            #expect(rest == [#"join {"member":"bob","info":null}"#])
        }
    }

    @Test func `a connection that is kept by heartbeats stays, and one that is not goes`() async throws {
        let wall = TestWall()
        var configuration = Cable.Configuration()
        configuration.now = wall.now
        configuration.presenceTimeout = .seconds(3_600)  // the keeper stays out of it
        try await withCable(configuration) { cable, _ in
            let (kept, forgotten) = (Cable.ConnectionID(), Cable.ConnectionID())
            try await cable.presence.join("room", as: "ada", connection: kept)
            try await cable.presence.join("room", as: "bob", connection: forgotten)
            wall.advance(by: .seconds(3_000))
            #expect(try await cable.presence.heartbeat(kept) == 1)
            wall.advance(by: .seconds(3_000))
            #expect(try await cable.presence.members(of: "room").map(\.id) == ["ada"])
            #expect(try await cable.presence.heartbeat(Cable.ConnectionID()) == 0)
        }
    }

    @Test func `the members of a killed process leave in several transactions`() async throws {
        let wall = TestWall()
        var configuration = Cable.Configuration()
        configuration.now = wall.now
        try await withCable(configuration) { cable, database in
            let (store, now) = (cable.store, 1_800_000_000_000 as Int64)
            let before = try await cable.cursor().seq
            try await database.write { transaction in
                for number in 0..<1_200 {
                    let seat = CableStore.Seat(channel: "room", member: "m\(number)", connection: "c\(number)")
                    try store.join(seat, info: Array("null".utf8), until: now + 1_000, at: now, in: transaction)
                }
            }
            func left() async throws -> Int64 { try await cable.cursor().seq - before - 1_200 }
            wall.advance(by: .seconds(2))
            // Who comes or goes meanwhile tells of itself only.
            try await cable.presence.join("room", as: "m7", connection: Cable.ConnectionID())
            #expect(try await left() == 2)  // its old seat's end, and its coming
            let more = try await database.write { transaction in
                try store.sweep(at: now + 2_000, in: transaction)
            }
            #expect(more)
            #expect(try await left() == 2 + Int64(CableStore.sweepBatch))
            try await eventually("the keeper removes the rest") { try await left() == 2 + 1_199 }
            #expect(try await cable.presence.members(of: "room").map(\.id) == ["m7"])
        }
    }

    @Test func `this process renews its members, and tells when those of a killed one are over`() async throws {
        var configuration = Cable.Configuration()
        // Longer than a busy machine may hold this process up: else its own member is over as well.
        configuration.presenceTimeout = .seconds(15)
        try await withCable(configuration) { cable, database in
            let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")
            var subscription = try await cable.subscribe(to: "$presence.room").makeAsyncIterator()
            try await cable.presence.join("room", as: "here", connection: Cable.ConnectionID())
            _ = try await subscription.next()
            try await withChildProcess(helper, arguments: ["join", database.path, "room", "there"]) { child in
                _ = try await child.line("it has joined") { $0 == "joined" }
                guard case .message(let join) = try await subscription.next() else { return }
                #expect(join.event == "join")
                #expect(try await cable.presence.members(of: "room").map(\.id) == ["here", "there"])
                let killed = ContinuousClock.now
                child.send(.kill)
                guard case .message(let leave) = try await subscription.next() else { return }
                #expect(leave.event == "leave")
                #expect(leave.text == #"{"member":"there"}"#)
                // Within a third more than the timeout, and 5 s for a busy machine.
                #expect(ContinuousClock.now - killed < .seconds(20 + 5))
                #expect(try await cable.presence.members(of: "room").map(\.id) == ["here"])
            }
        }
    }

    @Test(arguments: ["", "a\n", String(repeating: "m", count: 513)])
    func `a member without a usable name is refused`(member: String) async throws {
        try await withCable { cable, _ in
            await #expect {
                try await cable.presence.join("room", as: member, connection: Cable.ConnectionID())
            } throws: {
                ($0 as? CableError)?.code == .invalidChannel
            }
        }
    }
}
