import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct DeadlinesTests {
    @Test func `who is due comes, in one step with others, and who has left does not`() {
        var deadlines = Deadlines<Int>()
        func first(_ expected: Int64?, sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(deadlines.first == expected, sourceLocation: sourceLocation)
        }
        func take(_ step: Int64, _ expected: Set<Int>, sourceLocation: SourceLocation = #_sourceLocation) {
            let taken = deadlines.take(through: step)
            #expect(Set(taken) == expected && taken.count == expected.count, sourceLocation: sourceLocation)
        }
        first(nil)
        for id in 0..<5 { deadlines.set(id, to: Int64(10 + id % 2)) }
        // Earlier is a change, later is none.
        let changes = [deadlines.set(5, to: 9), deadlines.set(5, to: 20), deadlines.set(1, to: 10)]
        #expect(changes == [true, false, true])
        deadlines.remove(2)
        deadlines.remove(7)
        first(9)
        take(10, [0, 1, 4, 5])
        first(11)
        take(10, [])
        deadlines.set(0, to: 11)
        take(30, [0, 3])
        first(nil)
    }

    @Test func `while nobody is due nothing looks, and who comes with an earlier time is looked at by then`()
        async throws
    {
        try await withCable { cable, _ in
            func session(_ heartbeat: Duration) async throws -> Cable.Session {
                var limits = Cable.Gateway.Limits()
                (limits.heartbeat, limits.stallTimeout) = (heartbeat, .seconds(3_600))
                return try await Cable.Gateway(cable, limits: limits).session(
                    for: try Cable.Grant(subject: "ada", channels: ["a"]), channels: ["a"])
            }
            let (patient, impatient) = (try await session(.seconds(3_600)), try await session(.milliseconds(50)))
            let received = TestSignalLines()
            async let first = patient.run { received.add("patient " + Received.text(of: $0)) }
            try await eventually("it waits") { cable.router.nextLook != nil }
            let next = try #require(cable.router.nextLook)
            #expect(next > .now + .seconds(3_000))
            async let second = impatient.run { received.add("impatient " + Received.text(of: $0)) }
            try await eventually("it has its heartbeats") { received.all.count >= 3 }
            #expect(Set(received.all) == ["impatient heartbeat"])
            impatient.stop()
            #expect(try await second == .closed)
            try await eventually("the other is alone again") {
                cable.router.nextLook.map { $0 > .now + .seconds(3_000) } ?? false
            }
            patient.stop()
            #expect(try await first == .closed)
            #expect(cable.router.nextLook == nil)
        }
    }

    @Test(arguments: [Duration.seconds(86_400 * 365 * 1_000), .seconds(Int64.max)])
    func `a limit that is never reached is one`(never: Duration) async throws {
        try await withCable { cable, _ in
            var limits = Cable.Gateway.Limits()
            (limits.heartbeat, limits.stallTimeout) = (never, never)
            let session = try await Cable.Gateway(cable, limits: limits).session(
                for: try Cable.Grant(subject: "ada", channels: ["a"]), channels: ["a"])
            let received = TestSignalLines()
            async let end = session.run { received.add(Received.text(of: $0)) }
            for count in 1...3 {
                try await cable.publish(count, to: "a")
                try await eventually("it is delivered") { received.all.count == count }
            }
            #expect(try #require(cable.router.nextLook) > .now + .seconds(3_600))
            session.stop()
            #expect(try await end == .closed)
            #expect(received.all == ["message 1", "message 2", "message 3"])
        }
    }
}
