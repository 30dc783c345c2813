import Foundation

/// The rows as the JSON array that the project's other tools read. Missing values are null.
struct JSONRows: Encodable {
    let rows: [ResultRow]

    func data() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    func encode(to encoder: any Encoder) throws {
        var array = encoder.unkeyedContainer()
        for row in rows {
            var object = array.nestedContainer(keyedBy: Key.self)
            try encode(row, into: &object)
        }
    }

    private func encode(_ row: ResultRow, into object: inout KeyedEncodingContainer<Key>) throws {
        try object.encode(row.suite, forKey: .suite)
        try object.encode(row.name, forKey: .name)
        try object.encode(row.unit, forKey: .unit)
        try object.encode(row.ours, forKey: .ours)
        try object.encode(row.baseline, forKey: .baseline)
        try object.encode(row.baselineName, forKey: .baselineName)
        try object.encode(row.ratio, forKey: .ratio)
        try object.encode(row.ratioMin, forKey: .ratioMin)
        try object.encode(row.ratioMax, forKey: .ratioMax)
        try object.encode(row.better.rawValue, forKey: .better)
        try object.encode(row.goal, forKey: .goal)
        try object.encode(row.isMet, forKey: .met)
        guard let latencies = row.latencies else { return }
        try object.encode(latencies.p50, forKey: .p50)
        try object.encode(latencies.p99, forKey: .p99)
        try object.encode(latencies.max, forKey: .max)
    }

    private enum Key: String, CodingKey {
        case suite, name, unit, ours, baseline, ratio, better, goal, met, p50, p99, max
        case baselineName = "baseline_name"
        case ratioMin = "ratio_min"
        case ratioMax = "ratio_max"
    }
}
