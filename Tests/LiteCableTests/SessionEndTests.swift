import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

/// How sessions and sockets end whose client takes nothing, and what a session is told after a gap and on a long way.
@Suite(.timeLimit(.minutes(5))) struct SessionEndTests {
    private func grant(_ permissions: Cable.Grant.Permissions = []) throws -> Cable.Grant {
        try Cable.Grant(subject: "ada", channels: ["a", "b"], permissions: permissions)
    }

    private func stalling(after limit: Duration) -> Cable.Gateway.Limits {
        var limits = Cable.Gateway.Limits()
        (limits.stallTimeout, limits.heartbeat) = (limit, .seconds(3_600))
        return limits
    }

    @Test func `a client that does not take the end of its session is left after a time`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable, limits: stalling(after: .milliseconds(300)))
            let session = try await gateway.session(for: try grant(), channels: ["a"])
            let told = TestSignalLines()
            let running = Task {
                try await session.run { _ in
                } ending: { end in
                    told.add(end.rawValue)
                    try await Task.sleep(for: .seconds(600))  // takes nothing, until it is cancelled
                }
            }
            try await eventually("it runs") { cable.router.listenerCount == 1 }
            session.stop()
            await #expect(throws: CancellationError.self) { _ = try await running.value }
            #expect(told.all == ["closed"])
        }
    }

    @Test func `a stalled delivery is ended also when the cable was closed meanwhile`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable, limits: stalling(after: .milliseconds(800)))
            let session = try await gateway.session(for: try grant(), channels: ["a"])
            let isSending = TestSignal()
            let running = Task {
                try await session.run { _ in
                    isSending.send()
                    try await Task.sleep(for: .seconds(600))  // takes nothing, until it is cancelled
                }
            }
            try await eventually("it runs") { cable.router.listenerCount == 1 }
            try await cable.publish("one", to: "a")
            try await isSending.wait()
            await cable.close()
            await #expect(throws: CancellationError.self) { _ = try await running.value }
        }
    }

    @Test func `a socket one of whose subscriptions stalls is closed, and not left without it`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable, limits: stalling(after: .milliseconds(300)))
            let socket = try gateway.socket(for: try grant())
            let (texts, client) = AsyncStream<String>.makeStream()
            let (sent, closed) = (TestSignalLines(), TestSignal())
            let running = Task {
                try await socket.run(
                    inbound: texts,
                    send: { bytes in
                        let text = String(decoding: bytes, as: UTF8.self)
                        // Takes nothing more, until it is cancelled.
                        if text.contains(#""type":"message""#) { try await Task.sleep(for: .seconds(600)) }
                        sent.add(text)
                    },
                    close: { _ in
                        closed.send()
                        client.finish()
                    })
            }
            client.yield(#"{"do":"subscribe","id":"s","channels":["a"]}"#)
            try await eventually("it has subscribed") { !sent.all.isEmpty }
            try await cable.publish("one", to: "a")
            try await closed.wait()
            try await running.value
            #expect(sent.all.last == #"{"type":"end","reason":"closed"}"#)
        }
    }

    @Test func `after a gap a session is told anew who is present`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 10
        try await withCable(configuration) { cable, database in
            let bob = Cable.ConnectionID()
            try await cable.presence.join("a", as: "bob", connection: bob)
            let session = try await Cable.Gateway(cable).session(
                for: try grant(.presence), channels: ["b"], presence: ["a"])
            var lines: [String] = []
            _ = try await session.run { delivery in
                lines.append(Received.text(of: delivery))
                if lines.count == 1 {
                    // That he left is gone before anybody has read it.
                    let (store, now) = (cable.store, cable.clock.milliseconds())
                    try await database.write { transaction in
                        try store.leave(connection: bob.description, at: now, now: now, in: transaction)
                        for number in 0..<640 { try cable.publish(number, to: "b", in: transaction) }
                    }
                }
                if lines.last == "message 639" { session.stop() }
            }
            #expect(Array(lines.prefix(3)) == ["present ada bob", "gap trimmed", "present ada"])
            #expect(lines.filter { $0.hasPrefix("present") }.count == 2)
        }
    }

    @Test func `a client that is far behind what others were sent is told how far it has come`() async throws {
        try await withCable { cable, database in
            var limits = Cable.Gateway.Limits()
            limits.heartbeat = .nanoseconds(1)
            let start = try await cable.publish("first", to: "a")
            try await database.write { transaction in
                for number in 0..<640 { try cable.publish(number, to: "b", in: transaction) }
            }
            let end = try await cable.cursor()
            let session = try await Cable.Gateway(cable, limits: limits).session(
                for: try grant(), channels: ["a"], from: .after(start))
            var places: [Int64] = []
            _ = try await session.run { delivery in
                guard case .heartbeat(let place) = delivery else { return }
                places.append(place.seq)
                if place.seq >= end.seq { session.stop() }
            }
            // Not only at the end, and never behind a place that it had.
            #expect(places.count > 5)
            #expect(places == places.sorted())
            #expect(places.first.map { $0 > start.seq && $0 < end.seq } == true)
        }
    }
}
