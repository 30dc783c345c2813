import Foundation

/// The rows as text: a table, and below it what each row did.
struct ResultTable {
    let rows: [ResultRow]

    var text: String {
        let head = ["row", "unit", "ours", "baseline", "ratio (min–max)", "goal", "met"]
        let lines = [head] + rows.map(cells)
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let table = lines.map { line in
            zip(line, widths).enumerated().map { index, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return index < 2 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }
        return (table + [""] + rows.map(explanation) + ["", RawDatabase.description]).joined(separator: "\n")
    }

    private func cells(_ row: ResultRow) -> [String] {
        let sign = row.isStrict ? (row.better == .higher ? ">" : "<") : row.better == .higher ? "≥" : "≤"
        return [
            row.name, row.unit, number(row.ours), row.baseline.map(number) ?? "–", ratio(row),
            sign + " " + number(row.goal) + (row.ratio == nil ? "" : "×"), row.isMet ? "yes" : "NO",
        ]
    }

    private func ratio(_ row: ResultRow) -> String {
        guard let ratio = row.ratio, let low = row.ratioMin, let high = row.ratioMax else { return "–" }
        return "\(number(ratio))× (\(number(low))–\(number(high)))"
    }

    private func explanation(_ row: ResultRow) -> String {
        var text = "\(row.name): \(row.text)"
        if let baseline = row.baselineName { text += "\n    against: \(baseline)" }
        if let spread = row.latencies {
            text +=
                "\n    p50 \(number(spread.p50)), p99 \(number(spread.p99)), p99.9 \(number(spread.p999)), "
                + "max \(number(spread.max)) \(spread.unit), \(spread.count) in all"
        }
        return text
    }

    private func number(_ value: Double) -> String {
        switch abs(value) {
        case 0: "0"
        case 1000...: String(format: "%.0f", value)
        case 100...: String(format: "%.1f", value)
        case 0.1...: String(format: "%.2f", value)
        default: String(format: "%.4f", value)
        }
    }
}
