import CoreMetrics
import Synchronization

/// What a worker measures.
///
/// * `litestack.jobs.enqueued` counts jobs that this process stored, by kind; those of schedules too. In a transaction of
///   the caller's they count when they are enqueued, whatever becomes of it.
/// * `litestack.jobs.wait` is the time from when a job could run to the start of its attempt, by queue and kind.
/// * `litestack.jobs.run` is how long a handler ran, by kind.
/// * `litestack.jobs.ended` counts attempts by kind and outcome: completed, failed, dead, snoozed, interrupted, lost.
/// * `litestack.jobs.rescued` counts jobs that were taken from dead workers.
/// * `litestack.jobs.depth` is how many jobs are in a state, by queue and state; `litestack.jobs.oldest` how long the
///   oldest that could run has waited, by queue. Workers look every 15 s.
final class JobMetrics: Sendable {
    private struct Key: Hashable {
        let name: String
        let first: String
        let second: String
    }

    private struct Made {
        var timers: [Key: CoreMetrics.Timer] = [:]
        var counters: [Key: Counter] = [:]
        var gauges: [Key: Gauge] = [:]
    }

    private let factory: any MetricsFactory
    private let made = Mutex(Made())
    /// Without a metrics system nothing is spent.
    let isEnabled: Bool

    init(factory: any MetricsFactory) {
        self.factory = factory
        isEnabled = !(factory is NOOPMetricsHandler)
    }

    func countEnqueued(_ kind: String, _ count: Int = 1) {
        guard isEnabled else { return }
        counter("litestack.jobs.enqueued", ("kind", kind)).increment(by: count)
    }

    func recordWait(_ job: ClaimedJob, milliseconds: Int64) {
        guard isEnabled else { return }
        timer("litestack.jobs.wait", ("queue", job.queue), ("kind", job.kind)).recordMilliseconds(max(milliseconds, 0))
    }

    func recordEnd(_ attempt: EndedAttempt, isRecorded: Bool) {
        guard isEnabled else { return }
        let outcome = isRecorded ? attempt.end.name : "lost"
        counter("litestack.jobs.ended", ("kind", attempt.job.kind), ("outcome", outcome)).increment()
        if let duration = attempt.duration {
            timer("litestack.jobs.run", ("kind", attempt.job.kind)).recordNanoseconds(
                duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
        }
    }

    func countRescued(_ count: Int) {
        guard isEnabled else { return }
        counter("litestack.jobs.rescued").increment(by: count)
    }

    func record(_ statistics: JobStatistics) {
        guard isEnabled else { return }
        // A queue that has become empty must be told of too.
        let known = made.withLock { $0.gauges }
        for gauge in known.values { gauge.record(0) }
        var depths: [Key: Int] = [:]
        for count in statistics.counts {
            let key = Key(name: "litestack.jobs.depth", first: count.queue, second: count.state.rawValue)
            depths[key, default: 0] += count.count
        }
        for (key, depth) in depths { gauge(key, [("queue", key.first), ("state", key.second)]).record(depth) }
        for (queue, age) in statistics.oldestAges {
            let key = Key(name: "litestack.jobs.oldest", first: queue, second: "")
            gauge(key, [("queue", queue)]).record(age / .seconds(1))
        }
    }

    private func counter(_ name: String, _ dimensions: (String, String)...) -> Counter {
        let key = key(name, dimensions)
        return made.withLock { made in
            if let counter = made.counters[key] { return counter }
            let counter = Counter(label: name, dimensions: dimensions, factory: factory)
            made.counters[key] = counter
            return counter
        }
    }

    private func timer(_ name: String, _ dimensions: (String, String)...) -> CoreMetrics.Timer {
        let key = key(name, dimensions)
        return made.withLock { made in
            if let timer = made.timers[key] { return timer }
            let timer = CoreMetrics.Timer(label: name, dimensions: dimensions, factory: factory)
            made.timers[key] = timer
            return timer
        }
    }

    private func gauge(_ key: Key, _ dimensions: [(String, String)]) -> Gauge {
        made.withLock { made in
            if let gauge = made.gauges[key] { return gauge }
            let gauge = Gauge(label: key.name, dimensions: dimensions, factory: factory)
            made.gauges[key] = gauge
            return gauge
        }
    }

    private func key(_ name: String, _ dimensions: [(String, String)]) -> Key {
        Key(name: name, first: dimensions.first?.1 ?? "", second: dimensions.dropFirst().first?.1 ?? "")
    }
}

extension AttemptEnd {
    /// As metrics name it.
    var name: String {
        switch self {
        case .completed: "completed"
        case .retry: "failed"
        case .dead: "dead"
        case .snooze: "snoozed"
        case .interrupted: "interrupted"
        }
    }
}
