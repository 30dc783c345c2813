import Foundation
import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct DisconnectTests {
    private func grant(expiresAt: Date? = nil, issuedAt: Date? = nil) throws -> Cable.Grant {
        try Cable.Grant(subject: "ada", channels: ["room.7"], expiresAt: expiresAt, issuedAt: issuedAt)
    }

    /// Disconnects, and returns when this process has read it.
    private func disconnect(_ cable: Cable) async throws {
        let channel = try ChannelPattern(CableStore.subjectChannel("ada"))
        let told = try await cable.subscribe(matching: ChannelMatcher([channel]), from: .live)
        var iterator = told.makeAsyncIterator()
        try await cable.disconnect(subject: "ada")
        _ = try await iterator.next()
    }

    private func publishMany(_ cable: Cable, _ database: Database) async throws {
        try await database.write { transaction in
            for number in 0..<3_000 { try cable.publish(number, to: "room.7", in: transaction) }
        }
    }

    @Test func `a client that is far behind is disconnected before the next message`() async throws {
        try await withCable { cable, database in
            let gateway = Cable.Gateway(cable)
            let start = try await cable.cursor()
            try await publishMany(cable, database)
            let session = try await gateway.session(for: try grant(), channels: ["room.7"], from: .after(start))
            var count = 0
            let end = try await session.run { _ in
                count += 1
                if count == 5 { try await disconnect(cable) }
            }
            #expect(end == .disconnected)
            #expect(count == 5)
        }
    }

    @Test func `a disconnect that retention removes before it is delivered counts all the same`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 10
        try await withCable(configuration) { cable, database in
            let gateway = Cable.Gateway(cable)
            let session = try await gateway.session(for: try grant(), channels: ["room.7"])
            let isRunning = TestSignal()
            async let end = session.run { _ in isRunning.send() }
            try await cable.publish("first", to: "room.7")
            try await isRunning.wait()
            // One transaction: nobody can have read the disconnect before it is gone.
            try await database.write { transaction in
                try cable.disconnect(subject: "ada", in: transaction)
                for number in 0..<1_000 { try cable.publish(number, to: "room.8", in: transaction) }
            }
            #expect(try await end == .disconnected)
        }
    }

    @Test func `a disconnect while the server looks the client up counts`() async throws {
        try await withCable { cable, _ in
            let gateway = Cable.Gateway(cable)
            let asked = try await cable.cursor()
            let grant = try grant()
            try await cable.disconnect(subject: "ada")
            let refused = await #expect(throws: CableError.self) {
                _ = try await gateway.session(for: grant, channels: ["room.7"], asked: asked)
            }
            #expect(refused?.code == .unauthorised)
            let socket = #expect(throws: CableError.self) { _ = try gateway.socket(for: grant, asked: asked) }
            #expect(socket?.code == .unauthorised)
            // Who is let in after it is another matter.
            _ = try await gateway.session(for: grant, channels: ["room.7"])
            _ = try gateway.socket(for: grant)
        }
    }

    @Test func `a grant from before a disconnect stays refused for as long as any grant may be old`() async throws {
        let wall = TestWall()
        var configuration = Cable.Configuration()
        configuration.now = wall.now
        try await withCable(configuration) { cable, database in
            let gateway = Cable.Gateway(cable)
            let old = try grant(issuedAt: wall.now())
            wall.advance(by: .seconds(1))
            try await cable.disconnect(subject: "ada")
            for (days, expected) in [(3, CableError.Code.unauthorised), (300, .unauthorised), (100, .expired)] {
                wall.advance(by: .seconds(days * 24 * 60 * 60))
                // Another's, which tidies up.
                try await cable.disconnect(subject: "bob")
                let error = await #expect(throws: CableError.self) {
                    _ = try await gateway.session(for: old, channels: ["room.7"])
                }
                #expect(error?.code == expected, "after another \(days) days")
            }
            _ = try await gateway.session(for: try grant(issuedAt: wall.now()), channels: ["room.7"])
            let kept = try database.read { snapshot in
                try snapshot.all("SELECT subject FROM lite_cable_disconnects", as: String.self)
            }
            #expect(kept == ["bob"])
        }
    }
}
