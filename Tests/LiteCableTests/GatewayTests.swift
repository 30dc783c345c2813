import Foundation
import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct GatewayTests {
    private func grant(
        _ channels: [String] = ["room.7"], _ permissions: Cable.Grant.Permissions = [], expiresAt: Date? = nil,
        issuedAt: Date? = nil, subject: String = "ada"
    ) throws -> Cable.Grant {
        try Cable.Grant(
            subject: subject, channels: channels, permissions: permissions, info: Array(#"{"name":"Ada"}"#.utf8),
            expiresAt: expiresAt, issuedAt: issuedAt)
    }

    private func code(_ body: () async throws -> Void) async -> CableError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? CableError)?.code
        }
    }

    @Test func `a client receives the channels of its grant and no other`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable)
            let session = try await gateway.session(for: try grant(), channels: ["room.7"])
            try await cable.publish("not for it", to: "room.8")
            try await cable.publish("for it", to: "room.7")
            let received = try await deliveries(1, of: session)
            #expect(received == [#"message "for it""#])
            for channels in [["room.8"], ["room.*"], ["$presence.room.7"], ["$subject.YWRh"], [], ["a\n"]] {
                let refused = await code { _ = try await gateway.session(for: try grant(), channels: channels) }
                #expect([.forbidden, .invalidCommand, .invalidChannel].contains(refused), "\(channels)")
            }
        }
    }

    @Test func `patterns, presence and replay need their permission`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable)
            let (poor, rich) = (try grant(["room.>"]), try grant(["room.>"], [.patterns, .presence, .replay]))
            for (grant, expected) in [(poor, CableError.Code.forbidden as CableError.Code?), (rich, nil)] {
                #expect(await code { _ = try await gateway.session(for: grant, channels: ["room.*"]) } == expected)
                #expect(
                    await code { _ = try await gateway.session(for: grant, channels: ["room.1"], presence: ["room.1"]) }
                        == expected)
                for start in [Cable.Start.last(3), .since(Date())] {
                    #expect(
                        await code { _ = try await gateway.session(for: grant, channels: ["room.1"], from: start) }
                            == expected)
                }
            }
            #expect(await code { _ = try await gateway.session(for: rich, channels: [">"]) } == .forbidden)
        }
    }

    @Test func `a client that was away for long gets a gap instead of a long replay`() async throws {
        try await withCable { cable, _ in
            var limits = Cable.Gateway.Limits()
            limits.maximumReplayCount = 10
            let gateway = Cable.Gateway(cable, limits: limits)
            let start = try await cable.cursor()
            for number in 0..<11 { try await cable.publish(number, to: "room.7") }
            let poor = try await gateway.session(for: try grant(), channels: ["room.7"], from: .after(start))
            try await cable.publish("new", to: "room.7")
            #expect(try await deliveries(2, of: poor) == ["gap notReplayed", #"message "new""#])
            let rich = try await gateway.session(
                for: try grant(["room.7"], [.replay]), channels: ["room.7"], from: .after(start))
            #expect(try await deliveries(1, of: rich) == ["message 0"])
        }
    }

    @Test func `a session ends when its grant expires`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable)
            let session = try await gateway.session(
                for: try grant(expiresAt: Date(timeIntervalSinceNow: 0.3)), channels: ["room.7"])
            #expect(try await session.run { _ in } == .expired)
            let late = await code {
                _ = try await gateway.session(
                    for: try grant(expiresAt: Date(timeIntervalSinceNow: -1)), channels: ["room.7"])
            }
            #expect(late == .expired)
        }
    }

    @Test func `a disconnected subject loses its sessions and its old grants, and nobody else does`() async throws {
        try await withCable { cable, database in
            let gateway = Cable.Gateway(cable)
            let issued = Date()
            let old = try grant(issuedAt: issued)
            let session = try await gateway.session(for: old, channels: ["room.7"])
            let other = try await gateway.session(for: try grant(subject: "bob"), channels: ["room.7"])
            let isRunning = TestSignal()
            try await cable.publish("first", to: "room.7")
            async let end = session.run { _ in isRunning.send() }
            try await isRunning.wait()
            try await database.write { transaction in try cable.disconnect(subject: "ada", in: transaction) }
            #expect(try await end == .disconnected)
            #expect(await code { _ = try await gateway.session(for: old, channels: ["room.7"]) } == .unauthorised)
            let again = try await gateway.session(
                for: try grant(issuedAt: Date(timeIntervalSinceNow: 1)), channels: ["room.7"],
                from: .after(Cable.Cursor(epoch: cable.store.epoch, seq: 0)))
            // The disconnect lies in what it replays, and was not meant for it.
            #expect(try await deliveries(1, of: again) == [#"message "first""#])
            #expect(try await deliveries(1, of: other) == [#"message "first""#])
        }
    }

    @Test func `a session is present while it runs, under the name of its grant`() async throws {
        try await withCable { cable, _ in
            var limits = Cable.Gateway.Limits()
            limits.presenceGrace = .zero
            let gateway = Cable.Gateway(cable, limits: limits)
            try await cable.presence.join("room.7", as: "bob", connection: Cable.ConnectionID())
            let session = try await gateway.session(
                for: try grant(["room.7"], .presence), channels: ["room.7"], presence: ["room.7"])
            let received = Received()
            let running = Task { try await session.run { received.add($0) } }
            try await eventually("it knows who is there") { received.lines.first == "present ada bob" }
            try await cable.presence.leave("room.7", member: "bob", connection: Cable.ConnectionID())
            try await cable.presence.update("room.7", member: "bob", info: "hungry")
            try await eventually("it is told") {
                received.lines.last == #"presence {"member":"bob","info":"hungry"}"#
            }
            running.cancel()
            await #expect(throws: CancellationError.self) { try await running.value }
            try await eventually("it has left") { try await cable.presence.members(of: "room.7").map(\.id) == ["bob"] }
        }
    }

    @Test func `a quiet session sends heartbeats with the place that it has come to`() async throws {
        try await withCable { cable, _ in
            var limits = Cable.Gateway.Limits()
            limits.heartbeat = .milliseconds(50)
            let gateway = Cable.Gateway(cable, limits: limits)
            let session = try await gateway.session(for: try grant(), channels: ["room.7"])
            let elsewhere = try await cable.publish("elsewhere", to: "other")
            var cursors: [Cable.Cursor] = []
            struct Enough: Error {}
            await #expect(throws: Enough.self) {
                _ = try await session.run { delivery in
                    guard case .heartbeat(let cursor) = delivery else { return }
                    cursors.append(cursor)
                    if cursor == elsewhere { throw Enough() }
                }
            }
            #expect(!cursors.isEmpty)
        }
    }

    @Test func `a client that takes nothing is disconnected after a time, and holds up nobody`() async throws {
        try await withCable { cable, _ in
            var limits = Cable.Gateway.Limits()
            limits.stallTimeout = .milliseconds(100)
            let gateway = Cable.Gateway(cable, limits: limits)
            let stuck = try await gateway.session(for: try grant(), channels: ["room.7"])
            let (never, keptOpen) = AsyncStream<Void>.makeStream()
            let stopped = Task {
                // Sends into a connection that takes nothing.
                try await stuck.run { _ in
                    for await _ in never {}
                    try Task.checkCancellation()
                }
            }
            let quick = try await gateway.session(for: try grant(), channels: ["room.7"])
            for number in 0..<100 { try await cable.publish(number, to: "room.7") }
            #expect(try await deliveries(100, of: quick).last == "message 99")
            await #expect(throws: CancellationError.self) { _ = try await stopped.value }
            withExtendedLifetime(keptOpen) {}
        }
    }

    @Test func `connections, channels and sessions are limited, and given back`() async throws {
        try await withCable { cable, _ in
            var limits = Cable.Gateway.Limits()
            limits.maximumConnectionCount = 1
            limits.maximumChannelCount = 2
            let gateway = Cable.Gateway(cable, limits: limits)
            let all = try grant([">"])
            #expect(await code { _ = try await gateway.session(for: all, channels: ["a", "b", "c"]) } == .overLimit)
            do {
                let session = try await gateway.session(for: all, channels: ["a", "b"])
                #expect(gateway.connectionCount == 1)
                #expect(await code { _ = try await gateway.session(for: all, channels: ["a"]) } == .overLimit)
                session.stop()
                #expect(try await session.run { _ in } == .closed)
            }
            #expect(gateway.connectionCount == 0)
        }
    }

    @Test func `a client that asks gets what is there, and where to go on`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable)
            let start = try await cable.cursor()
            for number in 0..<5 { try await cable.publish(number, to: "room.7") }
            try await cable.publish("elsewhere", to: "other")
            let (first, place) = try await gateway.read(
                for: try grant(), channels: ["room.7"], from: .after(start), limit: 3)
            #expect(first.count == 3)
            let (rest, end) = try await gateway.read(
                for: try grant(), channels: ["room.7"], from: .after(place), limit: 3)
            #expect(rest.count == 2)
            #expect(end == (try await cable.cursor()))
            let none = try await gateway.read(for: try grant(), channels: ["room.7"], from: .after(end))
            #expect(none.events.isEmpty)
            #expect(none.cursor == end)
        }
    }

    @Test func `a session that is far behind stops, expires and is counted out all the same`() async throws {
        try await withCable { cable, database in
            let gateway = Cable.Gateway(cable)
            let start = try await cable.cursor()
            try await database.write { transaction in
                for number in 0..<3_000 { try cable.publish(number, to: "room.7", in: transaction) }
            }
            let stopped = try await gateway.session(for: try grant(), channels: ["room.7"], from: .after(start))
            var count = 0
            let end = try await stopped.run { _ in
                count += 1
                if count == 5 { stopped.stop() }
            }
            #expect(end == .closed)
            #expect(count == 5)
            let expiring = try await gateway.session(
                for: try grant(expiresAt: Date(timeIntervalSinceNow: 0.2)), channels: ["room.7"], from: .after(start))
            count = 0
            let late = try await expiring.run { _ in
                count += 1
                try await Task.sleep(for: .milliseconds(20))  // a slow client
            }
            #expect(late == .expired)
            #expect(count < 100)
        }
    }

    @Test func `a client that comes back before its old connection ended stays present`() async throws {
        try await withCable { cable, _ in
            var limits = Cable.Gateway.Limits()
            limits.presenceGrace = .zero
            let gateway = Cable.Gateway(cable, limits: limits)
            let connection = Cable.ConnectionID()
            func session() async throws -> Cable.Session {
                try await gateway.session(
                    for: try grant(["room.7"], .presence), channels: ["room.7"], presence: ["room.7"],
                    connection: connection)
            }
            let (old, new) = (try await session(), try await session())
            async let oldEnd = old.run { _ in }
            async let newEnd = new.run { _ in }
            try await eventually("both are there") {
                try await cable.presence.members(of: "room.7").first?.connectionCount == 2
            }
            old.stop()
            #expect(try await oldEnd == .closed)
            try await eventually("the old one has left") {
                try await cable.presence.members(of: "room.7").first?.connectionCount == 1
            }
            new.stop()
            #expect(try await newEnd == .closed)
            try await eventually("nobody is there") { try await cable.presence.members(of: "room.7").isEmpty }
        }
    }

    @Test func `an info that is not JSON is refused`() {
        #expect {
            try Cable.Grant(subject: "ada", channels: ["a"], info: Array("Ada".utf8))
        } throws: {
            ($0 as? CableError)?.code == .unencodable
        }
    }

    /// The first deliveries of a session, as text.
    private func deliveries(_ count: Int, of session: Cable.Session) async throws -> [String] {
        struct Enough: Error {}
        var lines: [String] = []
        do {
            _ = try await session.run { delivery in
                if case .heartbeat = delivery { return }
                lines.append(Received.text(of: delivery))
                if lines.count == count { throw Enough() }
            }
        } catch is Enough {}
        return lines
    }
}
