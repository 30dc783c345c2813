import Foundation
import LiteDB

/// `db.read.point.busy`: reads while another process commits all the time.
enum BusyReadRow {
    static let benchmark = Benchmark(name: "db.read.point.busy") { plan in
        let file = try await PairsFile(in: plan)
        let other = try file.copy(in: plan)
        let order = file.order()
        let database = try await Database.open(at: file.path, configuration: .normal)
        let writer = try BusyWriter(paths: [file.path, other.path])
        var ours = PointReadLoop(OurPointReader(database: database), file, order: order)
        var raw = PointReadLoop(try RawPointReader(path: other.path), other, order: order)
        let comparison = try await Comparison(plan) {
            try writer.write(to: 0) { try ours.measure(for: plan.roundDuration) / 1000 }
        } baseline: {
            try writer.write(to: 1) { try raw.measure(for: plan.roundDuration) / 1000 }
        }
        try writer.finish()
        await database.close()
        let pace = Int(writer.paces.median.rounded())
        return [
            ResultRow(
                "db.read.point.busy", unit: "µs", better: .lower, goal: 1.3, comparison,
                against: "raw C API; one autocommit SELECT for each value, the same writing process",
                text: "a blob of 100 bytes by text key, 100,000 keys at random, 1 thread, `read { }` for each, while "
                    + "another process commits single updates through LiteDB, \(pace) a second")
        ]
    }
}

/// The process that writes while the reads are measured.
private final class BusyWriter {
    private let child: Child
    private(set) var paces: [Double] = []

    init(paths: [String]) throws {
        child = try Child("paced-writer", paths[0], paths[1])
        _ = try child.line()
    }

    /// Measures while it writes to one of the files.
    func write(to index: Int, _ measure: () throws -> Double) throws -> Double {
        try child.tell("write \(index)")
        _ = try child.line()
        let result = try measure()
        try child.tell("pause")
        paces.append(try child.answer(Double.self))
        return result
    }

    func finish() throws {
        try child.finish()
    }
}
