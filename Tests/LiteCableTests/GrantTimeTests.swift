import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite(.timeLimit(.minutes(5))) struct GrantTimeTests {
    /// In seconds since 1970. The last one is what a signer in another language may have for never.
    @Test(arguments: [Date.distantFuture.timeIntervalSince1970, .infinity, 0x1p63 / 1000])
    func `a grant whose end lies beyond all times never ends`(seconds: Double) async throws {
        try await withCable { cable, _ in
            let never = Date(timeIntervalSince1970: seconds)
            let grant = try Cable.Grant(subject: "ada", channels: ["a"], expiresAt: never, issuedAt: never)
            let session = try await Cable.Gateway(cable).session(for: grant, channels: ["a"])
            let received = TestSignalLines()
            async let end = session.run { received.add(Received.text(of: $0)) }
            try await cable.publish("one", to: "a")
            try await eventually("it is delivered") { received.all == [#"message "one""#] }
            session.stop()
            #expect(try await end == .closed)
        }
    }

    @Test(arguments: [Date.distantPast.timeIntervalSince1970, -.infinity, .nan])
    func `a grant whose end lies before all times has expired`(seconds: Double) async throws {
        try await withCable { cable, _ in
            let past = Date(timeIntervalSince1970: seconds)
            let gateway = Cable.Gateway(cable)
            for grant in [
                try Cable.Grant(subject: "ada", channels: ["a"], expiresAt: past),
                try Cable.Grant(subject: "ada", channels: ["a"], issuedAt: past),
            ] {
                await #expect {
                    _ = try await gateway.session(for: grant, channels: ["a"])
                } throws: {
                    ($0 as? CableError)?.code == .expired
                }
            }
        }
    }
}
