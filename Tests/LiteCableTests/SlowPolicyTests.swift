import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct SlowPolicyTests {
    private func numbers(_ events: [Cable.Event]) throws -> [Int?] {
        try events.map { event in if case .message(let message) = event { try message.decode() } else { nil } }
    }

    @Test func `a slow subscriber goes on where it stood, and nobody waits for it`() async throws {
        try await withCable { cable, _ in
            var slow = try await cable.subscribe(to: "a").makeAsyncIterator()
            var quick = try await cable.subscribe(to: "a").makeAsyncIterator()
            for number in 0..<5_000 { try await cable.publish(number, to: "a") }
            var last: Cable.Event?
            for _ in 0..<5_000 { last = try await quick.next() }
            #expect(try numbers([try #require(last)]) == [4_999])
            for number in 0..<5_000 {
                let event = try #require(try await slow.next())
                #expect(try numbers([event]) == [number])
            }
        }
    }

    @Test func `a subscriber that drops the oldest is told which`() async throws {
        try await withCable { cable, _ in
            var iterator = try await cable.subscribe(to: "a", whenSlow: .dropOldest(capacity: 3)).makeAsyncIterator()
            for number in 1...2_500 { try await cable.publish(number, to: "a") }
            // What this process has read by then is one gap and three messages; the rest may come as another gap.
            var (last, gapCount, messageCount) = (Int64(0), 0, 0)
            while last < 2_500, let event = try await iterator.next() {
                switch event {
                case .gap(let gap):
                    #expect(gap.reason == .dropped)
                    #expect(gap.from.seq == last)
                    #expect(gap.to.seq > last)
                    #expect(gap.resumesAfter == gap.to)
                    (last, gapCount) = (gap.to.seq, gapCount + 1)
                case .message(let message):
                    #expect(message.cursor.seq == last + 1)
                    #expect(try message.decode(Int64.self) == message.cursor.seq)
                    (last, messageCount) = (last + 1, messageCount + 1)
                }
            }
            #expect(gapCount >= 1)
            #expect(messageCount <= 3 * (gapCount + 1))
            try await cable.publish(7, to: "a")
            #expect(try numbers([try #require(try await iterator.next())]) == [7])
        }
    }

    @Test func `gaps and messages of a subscriber that drops the oldest come in the order of the log`() throws {
        func message(_ seq: Int64) -> Cable.Event {
            .message(
                Cable.Message(
                    stored: StoredMessage(
                        cursor: Cable.Cursor(epoch: 1, seq: seq), channel: "a", event: nil, payload: [],
                        milliseconds: 0,
                        isJSON: true, excluded: nil)))
        }
        func gap(_ from: Int64, _ to: Int64) -> Cable.Event {
            let (from, to) = (Cable.Cursor(epoch: 1, seq: from), Cable.Cursor(epoch: 1, seq: to))
            return .gap(Cable.Gap(reason: .trimmed, from: from, to: to, resumesAfter: to))
        }
        func text(_ event: Cable.Event) -> String {
            switch event {
            case .message(let message): "\(message.cursor.seq)"
            case .gap(let gap): "\(gap.reason) \(gap.from.seq)-\(gap.to.seq)"
            }
        }
        func kept(_ capacity: Int, of events: [Cable.Event]) -> [String] {
            var collected = Collected()
            collected.from = Cable.Cursor(epoch: 1, seq: 0)
            for event in events {
                collected.add(event)
                collected.dropOldest(but: capacity)
            }
            return collected.events.map(text)
        }
        let all = [message(1), message(2), gap(2, 5), message(6), message(7)]
        #expect(kept(9, of: all) == ["1", "2", "trimmed 2-5", "6", "7"])
        #expect(kept(3, of: all) == ["dropped 0-1", "2", "trimmed 2-5", "6", "7"])
        #expect(kept(2, of: all) == ["dropped 0-2", "trimmed 2-5", "6", "7"])
        #expect(kept(1, of: all) == ["dropped 0-6", "7"])
        #expect(kept(1, of: [gap(0, 5), message(6), message(7)]) == ["trimmed 0-5", "dropped 5-6", "7"])
    }

    @Test func `one that lags holds little, and a client's session less`() async throws {
        try await withCable { cable, _ in
            let start = try await cable.cursor()
            for _ in 0..<100 { try await cable.publish(bytes: Array(repeating: 120, count: 10_000), to: "a") }
            for (portion, limit) in [(CableStore.Portion.small, 64 << 10), (.large, 256 << 10)] {
                var reader = try LogReader(
                    try await cable.subscribe(
                        matching: ChannelMatcher(["a"]), from: .after(start), portion: portion))
                _ = try reader.fill()
                var bytes = 0
                while case .message(let message) = reader.take() { bytes += message.payload.count }
                #expect(bytes > limit / 2)
                #expect(bytes <= limit + 10_000)
            }
        }
    }

    @Test func `a subscriber that is to be disconnected is, and only when it is behind`() async throws {
        try await withCable { cable, _ in
            var iterator = try await cable.subscribe(to: "a", whenSlow: .disconnect(capacity: 3)).makeAsyncIterator()
            for number in 0..<3 { try await cable.publish(number, to: "a") }
            for number in 0..<3 { #expect(try numbers([try #require(try await iterator.next())]) == [number]) }
            for number in 3..<7 { try await cable.publish(number, to: "a") }
            do {
                _ = try await iterator.next()
                Issue.record("four messages wait where three are allowed")
            } catch let error as CableError {
                #expect(error.code == .tooSlow)
            }
            #expect(try await iterator.next() == nil)
        }
    }
}
