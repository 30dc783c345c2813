import CBenchSQLite
import Histogram

/// Durations in nanoseconds, with their percentiles.
struct Latencies: Sendable {
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: .three)

    mutating func record(since start: UInt64) {
        record(bench_now() - start)
    }

    mutating func record(_ nanoseconds: UInt64, count: UInt64 = 1) {
        _ = histogram.record(min(nanoseconds, histogram.highestTrackableValue), count: count)
    }

    mutating func add(_ other: Latencies) {
        histogram.add(other.histogram)
    }

    /// How many of all were zero.
    var zeroShare: Double {
        let zeros = histogram.recordedValues().first { $0.value == 0 }.map { Int($0.count) } ?? 0
        return count == 0 ? 0 : Double(zeros) / Double(count)
    }

    var count: Int { Int(histogram.totalCount) }

    /// The distinct values and how often each came, to pass them to another process.
    var recorded: [[UInt64]] {
        histogram.recordedValues().map { [$0.value, $0.count] }
    }

    /// In a unit of so many nanoseconds.
    func summary(_ unit: Unit) -> Summary {
        func value(_ percentile: Double) -> Double {
            Double(histogram.valueAtPercentile(percentile)) / unit.nanoseconds
        }
        return Summary(
            unit: unit.name, count: count, p50: value(50), p99: value(99), p999: value(99.9),
            max: Double(histogram.maxRecorded) / unit.nanoseconds)
    }

    struct Unit: Sendable {
        let name: String
        let nanoseconds: Double

        static let microseconds = Unit(name: "µs", nanoseconds: 1000)
        static let milliseconds = Unit(name: "ms", nanoseconds: 1_000_000)
    }

    struct Summary: Sendable {
        let unit: String
        let count: Int
        let p50: Double
        let p99: Double
        let p999: Double
        let max: Double
    }
}
