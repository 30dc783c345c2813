import Foundation
import LiteCache

/// `cache.flight`: 1,000 calls of `fetch` for one cold key in 4 processes.
enum FlightRows {
    static let processCount = 4
    static let callCount = 250

    static let benchmark = Benchmark(name: "cache.flight") { plan in
        let together = try compute(plan, kills: false)
        let afterKill = try compute(plan, kills: true)
        let text = "1,000 `fetch` of one cold key at once in 4 processes, a computation of 50 ms"
        return [
            ResultRow(
                "cache.flight", unit: "computations", better: .lower, goal: 1, ours: Double(together.computations),
                text: text),
            ResultRow(
                "cache.flight.time", unit: "ms", better: .lower, goal: 150, ours: together.milliseconds,
                text: "until the last of them has the value"),
            ResultRow(
                "cache.flight.killed", unit: "computations", better: .lower, goal: 1,
                ours: Double(afterKill.computations),
                text: text + ", while a fifth process has been computing for long; it is killed"),
            ResultRow(
                "cache.flight.killed.time", unit: "ms", better: .lower, goal: 250, ours: afterKill.milliseconds,
                text: "from the kill until the last of them has the value"),
        ]
    }

    private static func compute(_ plan: Plan, kills: Bool) throws -> (computations: Int, milliseconds: Double) {
        let path = try plan.newPath("cache.sqlite3")
        let children = try (0..<processCount).map { _ in try Child("cache-fetcher", path, "50", "\(callCount)") }
        for child in children { guard try child.line() == "ready" else { throw WrongResult() } }
        var start = Moment.now
        if kills {
            let victim = try Child("cache-fetcher", path, "60000", "1")
            guard try victim.line() == "ready" else { throw WrongResult() }
            try victim.tell("go")
            guard try victim.line() == "computing" else { throw WrongResult() }
            for child in children { try child.tell("go") }
            Thread.sleep(forTimeInterval: 0.2)  // the callers of all processes have to wait by then
            start = Moment.now
            victim.kill()
        } else {
            for child in children { try child.tell("go") }
        }
        var computations = 0
        for child in children {
            var line = try child.line()
            while line == "computing" {
                computations += 1
                line = try child.line()
            }
            guard line == "all have it" else { throw WrongResult() }
        }
        let milliseconds = Double(start.elapsed) / 1e6
        for child in children { try child.finish() }
        return (computations, milliseconds)
    }
}
