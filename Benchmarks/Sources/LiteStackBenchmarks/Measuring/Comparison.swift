/// Two sides measured in turns, A B A B, so that a slow minute of the machine hits both.
struct Comparison: Sendable {
    private var pairs: [(ours: Double, baseline: Double)] = []

    /// The medians.
    var ours: Double { pairs.map(\.ours).median }
    var baseline: Double { pairs.map(\.baseline).median }
    /// ours ÷ baseline, of the two that were measured one after the other.
    var ratio: Double { ratios.median }
    var ratioMin: Double { ratios.min() ?? .nan }
    var ratioMax: Double { ratios.max() ?? .nan }

    private var ratios: [Double] { pairs.map { $0.ours / $0.baseline } }

    /// A rest after each side: what it left to do in the background, like a checkpoint, must not slow the other.
    private static let rest = Duration.milliseconds(50)

    /// Measures both sides, after a round of each that warms up and does not count.
    init(
        _ plan: Plan, roundCount: Int? = nil, ours: () async throws -> Double, baseline: () async throws -> Double
    ) async throws {
        _ = try await ours()
        _ = try await baseline()
        for _ in 0..<(roundCount ?? plan.roundCount) {
            pairs.append((try await Self.measureAndRest(ours), try await Self.measureAndRest(baseline)))
        }
    }

    private static func measureAndRest(_ side: () async throws -> Double) async throws -> Double {
        let result = try await side()
        try await Task.sleep(for: rest)  // what one side left to do must not be in the time of the other
        return result
    }

    /// Pairs that were measured elsewhere.
    init(pairs: [(ours: Double, baseline: Double)]) {
        self.pairs = pairs
    }
}

extension [Double] {
    /// The middle value, or the mean of the two in the middle.
    var median: Double {
        guard !isEmpty else { return .nan }
        let ordered = sorted()
        let middle = count / 2
        return count % 2 == 1 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2
    }
}
