/// One row: what was measured, against what, and what it is held to.
struct ResultRow: Sendable {
    enum Direction: String, Sendable {
        case higher
        case lower
    }

    let name: String
    /// The unit that the goal is written in.
    let unit: String
    let better: Direction
    /// What `ratio` is held to, or `ours` where there is no baseline.
    let goal: Double
    /// Whether a tie does not meet the goal.
    var isStrict = false
    let ours: Double
    var baseline: Double?
    /// What the baseline is.
    var baselineName: String?
    /// ours ÷ baseline: the median of the rounds, the smallest and the largest.
    var ratio: Double?
    var ratioMin: Double?
    var ratioMax: Double?
    var latencies: Latencies.Summary?
    /// What exactly was done, for the table.
    let text: String

    /// The suite is the first part of the name.
    var suite: String { String(name.prefix { $0 != "." }) }

    var isMet: Bool {
        let value = ratio ?? ours
        if isStrict, value == goal { return false }
        return better == .higher ? value >= goal : value <= goal
    }

    /// A row with a baseline, measured in rounds.
    init(
        _ name: String, unit: String, better: Direction, goal: Double, _ comparison: Comparison,
        against baseline: String,
        latencies: Latencies.Summary? = nil, text: String
    ) {
        self.init(name, unit: unit, better: better, goal: goal, ours: comparison.ours, latencies: latencies, text: text)
        self.baseline = comparison.baseline
        baselineName = baseline
        ratio = comparison.ratio
        ratioMin = comparison.ratioMin
        ratioMax = comparison.ratioMax
    }

    /// A row that is held to a figure.
    init(
        _ name: String, unit: String, better: Direction, goal: Double, ours: Double,
        latencies: Latencies.Summary? = nil, text: String
    ) {
        self.name = name
        self.unit = unit
        self.better = better
        self.goal = goal
        self.ours = ours
        self.latencies = latencies
        self.text = text
    }
}
