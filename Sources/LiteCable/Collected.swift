/// What a subscription with a bound has read and not delivered, in the order of the log.
struct Collected {
    private(set) var events: [Cable.Event] = []
    private(set) var messageCount = 0
    /// Where it stood before them.
    var from: Cable.Cursor?

    mutating func add(_ event: Cable.Event) {
        events.append(event)
        if case .message = event { messageCount += 1 }
    }

    /// Keeps the last so many messages. What is left out is one gap; another one before the first message stays, for its
    /// reason, and one between two messages that are left out is part of it.
    mutating func dropOldest(but capacity: Int) {
        guard messageCount > capacity, let from else { return }
        var (first, dropped, end) = ([Cable.Event](), 0, 0)
        var (begin, isFirst) = (from, true)
        while dropped < messageCount - capacity {
            switch events[end] {
            case .message: (dropped, isFirst) = (dropped + 1, false)
            case .gap(let gap) where gap.reason == .dropped: (begin, isFirst) = (isFirst ? gap.from : begin, false)
            case .gap(let gap) where isFirst:
                first.append(.gap(gap))
                begin = gap.resumesAfter
            case .gap: break
            }
            end += 1
        }
        let last = events[end - 1].cursor
        first.append(.gap(Cable.Gap(reason: .dropped, from: begin, to: last, resumesAfter: last)))
        events.replaceSubrange(..<end, with: first)
        messageCount -= dropped
    }
}
