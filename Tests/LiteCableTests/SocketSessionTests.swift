import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct SocketSessionTests {
    private func grant(_ permissions: Cable.Grant.Permissions = []) throws -> Cable.Grant {
        try Cable.Grant(subject: "ada", channels: ["a", "b"], permissions: permissions)
    }

    @Test func `nothing comes under an id any more when its unsubscription is answered`() async throws {
        try await withCable { cable, _ in
            let socket = try Cable.Gateway(cable).socket(for: try grant())
            let (texts, client) = AsyncStream<String>.makeStream()
            let (sent, isSending, mayGoOn) = (TestSignalLines(), TestSignal(), TestSignal())
            let running = Task {
                try await socket.run(
                    inbound: texts,
                    send: { bytes in
                        let text = String(decoding: bytes, as: UTF8.self)
                        if text.contains(#""type":"message""#) {
                            isSending.send()
                            try await mayGoOn.wait()
                        }
                        sent.add(text)
                    }, close: { _ in })
            }
            client.yield(#"{"do":"subscribe","id":"s","channels":["a"]}"#)
            try await eventually("it has subscribed") { !sent.all.isEmpty }
            try await cable.publish("one", to: "a")
            try await isSending.wait()
            client.yield(#"{"do":"unsubscribe","id":"s"}"#)
            // Time for an answer that would come too early.
            for _ in 0..<2_000 { await Task.yield() }
            mayGoOn.send()
            try await eventually("it is answered") { sent.all.count == 3 }
            #expect(sent.all[1].contains(#""data":"one""#))
            #expect(sent.all[2] == #"{"type":"ok","id":"s"}"#)
            client.finish()
            try await running.value
        }
    }

    @Test func `a heartbeat tells the place of the subscription that has come to it, and of no other`() async throws {
        try await withCable { cable, _ in
            var limits = Cable.Gateway.Limits()
            limits.heartbeat = .milliseconds(50)
            let socket = try Cable.Gateway(cable, limits: limits).socket(for: try grant())
            let (texts, client) = AsyncStream<String>.makeStream()
            let (sent, isSending, mayGoOn) = (TestSignalLines(), TestSignal(), TestSignal())
            let running = Task {
                try await socket.run(
                    inbound: texts,
                    send: { bytes in
                        let text = String(decoding: bytes, as: UTF8.self)
                        if text.contains(#""data":1}"#) {
                            isSending.send()
                            try await mayGoOn.wait()
                        }
                        sent.add(text)
                    }, close: { _ in })
            }
            for id in ["a", "b"] { client.yield(#"{"do":"subscribe","id":"\#(id)","channels":["\#(id)"]}"#) }
            try await eventually("it has subscribed") { sent.all.count >= 2 }
            for number in 1...3 { try await cable.publish(number, to: "a") }
            try await isSending.wait()
            // What lies behind the message that is under way is told to nobody else's account.
            let last = try await cable.cursor()
            try await eventually("the other subscription has come further") {
                sent.all.contains(#"{"type":"heartbeat","sub":"b","cursor":"\#(last)"}"#)
            }
            mayGoOn.send()
            try await eventually("the rest is sent") { sent.all.contains { $0.contains(#""data":3}"#) } }
            try await eventually("it has come as far") {
                sent.all.contains(#"{"type":"heartbeat","sub":"a","cursor":"\#(last)"}"#)
            }
            client.finish()
            try await running.value
            // A client takes what lies behind its place, and nothing twice.
            var (place, taken) = (Int64(0), [String]())
            for text in sent.all where text.contains(#""cursor""#) && !text.contains(#""sub":"b""#) {
                let cursor = try #require(text.firstMatch(of: /"cursor":"([^"]*)"/)?.output.1)
                let seq = try #require(Cable.Cursor(String(cursor))).seq
                if text.contains(#""type":"message""#), seq > place { taken.append(String(text.suffix(2).prefix(1))) }
                place = max(place, seq)
            }
            #expect(taken == ["1", "2", "3"])
        }
    }

    @Test func `a client that does not take its answers is disconnected after a time`() async throws {
        try await withCable { cable, _ in
            var limits = Cable.Gateway.Limits()
            limits.stallTimeout = .milliseconds(300)
            let socket = try Cable.Gateway(cable, limits: limits).socket(for: try grant())
            let (texts, client) = AsyncStream<String>.makeStream()
            client.yield(#"{"do":"ping"}"#)
            let running = Task {
                try await socket.run(
                    inbound: texts, send: { _ in try await Task.sleep(for: .seconds(600)) }, close: { _ in })
            }
            await #expect(throws: CancellationError.self) { try await running.value }
        }
    }

    @Test func `who leaves one channel while the lists of several are sent is told to have left`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable)
            let bob = Cable.ConnectionID()
            try await cable.presence.join("a", as: "bob", connection: bob)
            let session = try await gateway.session(for: try grant(.presence), channels: [], presence: ["a", "b"])
            var lines: [String] = []
            let end = try await session.run { delivery in
                let line = Received.text(of: delivery)
                lines.append(line)
                if line == "present ada bob" { try await cable.presence.leave("a", member: "bob", connection: bob) }
                if line.contains("bob") && line.hasPrefix("presence") { session.stop() }
            }
            #expect(end == .closed)
            #expect(lines == ["present ada bob", "present ada", #"presence {"member":"bob"}"#])
        }
    }

    @Test func `ten thousand idle sessions are held, and each is woken by its own channel only`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable)
            let (received, count) = (TestSignalLines(), 10_000)
            try await withThrowingTaskGroup(of: Cable.End.self) { group in
                var sessions: [Cable.Session] = []
                for number in 0..<count {
                    let grant = try Cable.Grant(subject: "s\(number)", channels: ["room.\(number)"])
                    let session = try await gateway.session(for: grant, channels: ["room.\(number)"])
                    sessions.append(session)
                    group.addTask { try await session.run { received.add(Received.text(of: $0)) } }
                }
                #expect(gateway.connectionCount == count)
                let grant = try Cable.Grant(subject: "late", channels: ["a"])
                await #expect { _ = try await gateway.session(for: grant, channels: ["a"]) } throws: {
                    ($0 as? CableError)?.code == .overLimit
                }
                for number in [0, 5_000, 9_999] { try await cable.publish(number, to: "room.\(number)") }
                try await eventually("three are told", within: .seconds(60)) {
                    Set(received.all) == ["message 0", "message 5000", "message 9999"]
                }
                for session in sessions { session.stop() }
                sessions = []
                for try await end in group { #expect(end == .closed) }
            }
            #expect(received.all.filter { $0 != "heartbeat" }.count == 3)
            #expect(cable.router.listenerCount == 0)
            #expect(gateway.connectionCount == 0)
        }
    }
}
