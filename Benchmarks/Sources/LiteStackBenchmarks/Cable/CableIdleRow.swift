/// `cable.idle`: what a process costs that listens where nothing happens.
enum CableIdleRow {
    static let benchmark = Benchmark(name: "cable.idle") { plan in
        let child = try Child("cable-idle", try plan.newPath("cable.sqlite3"), plan.isQuick ? "2" : "20")
        let percent = try child.answer(Double.self)
        try child.finish()
        return [
            ResultRow(
                "cable.idle", unit: "% of a core", better: .lower, goal: 0.05, ours: percent,
                text: "CPU time of a process with 100 subscriptions to which nothing is published")
        ]
    }
}
