#if Hummingbird
import AsyncAlgorithms
import LiteCable

/// What an event stream has to send next.
enum EventStreamPart: Sendable {
    case event(Cable.Event)
    case keepAlive
    /// The subscription ended. A merged sequence would go on with its timer.
    case end

    /// The events of a subscription, then `end`, and a `keepAlive` in every interval.
    static func sequence(
        of subscription: Cable.Subscription, keepAlive: Duration
    ) -> some AsyncSequence<EventStreamPart, any Error> & Sendable {
        let events = chain(subscription.map { EventStreamPart.event($0) }, [EventStreamPart.end].async)
        let timer = AsyncTimerSequence(interval: keepAlive, clock: .continuous).map { _ in EventStreamPart.keepAlive }
        return merge(events, timer)
    }
}
#endif
