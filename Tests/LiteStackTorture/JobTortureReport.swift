import LiteDB

/// What came of the kills of workers.
struct JobTortureReport {
    var killCount = 0
    var stopCount = 0
    /// Attempts that ran in a process while it stood still.
    var heldCount = 0
    /// How often the disk was full, for how long in all, and how many writes of the one who enqueues it refused.
    var fullCount = 0
    var fullTime = Duration.zero
    var refusedCount = 0
    var jobCount = 0
    /// Times that a worker died while it ran a job.
    var crashCount = 0
    var crashedCount = 0
    var cancelledCount = 0
    var tickCount = 0
    var followerCount = 0
    /// What must not be, and how often it was found.
    var faults: [String: Int] = [:]
    var integrity = "ok"

    init() {}

    /// - Parameter ledger: Nil if nobody kept one.
    init(_ ledger: JobLedger?, in snapshot: borrowing Snapshot) throws {
        func count(_ sql: SQL) throws -> Int { try snapshot.first(sql, as: Int.self) ?? 0 }
        jobCount = try count("SELECT count(*) FROM lite_jobs")
        crashCount = try count("SELECT coalesce(sum(crashes), 0) FROM lite_jobs")
        crashedCount = try count("SELECT count(*) FROM lite_jobs WHERE state = 'dead'")
        cancelledCount = try count("SELECT count(*) FROM lite_jobs WHERE state = 'cancelled'")
        tickCount = try count("SELECT count(*) FROM lite_jobs WHERE schedule IS NOT NULL")
        followerCount = try count("SELECT count(*) FROM lite_jobs WHERE json_extract(payload, '$.parent') IS NOT NULL")
        for (fault, sql) in Self.queries { faults[fault] = try count(sql) }
        if let ledger {
            let roots = Set(try snapshot.all(Self.roots, as: Int64.self))
            faults["lost"] = ledger.enqueued.subtracting(roots).count
            faults["never enqueued"] = roots.subtracting(ledger.enqueued).count
            let cancelled = Set(
                try snapshot.all("SELECT id FROM lite_jobs WHERE state = 'cancelled'", as: Int64.self))
            faults["not cancelled as told"] = cancelled.symmetricDifference(ledger.cancelled).count
        }
        integrity = try snapshot.first("PRAGMA integrity_check", as: String.self) ?? "no answer"
    }

    mutating func add(_ other: JobTortureReport) {
        killCount += other.killCount
        stopCount += other.stopCount
        heldCount += other.heldCount
        fullCount += other.fullCount
        fullTime += other.fullTime
        refusedCount += other.refusedCount
        jobCount += other.jobCount
        crashCount += other.crashCount
        crashedCount += other.crashedCount
        cancelledCount += other.cancelledCount
        tickCount += other.tickCount
        followerCount += other.followerCount
        faults.merge(other.faults, uniquingKeysWith: +)
        if other.integrity != "ok" { integrity = other.integrity }
    }

    var isGood: Bool { faults.values.allSatisfy { $0 == 0 } && integrity == "ok" }

    var text: String {
        "\(killCount) kills, \(stopCount) stops with \(heldCount) attempts held, \(fullCount) times a full disk for "
            + "\(fullTime.components.seconds) s with \(refusedCount) writes refused here, \(jobCount) jobs of which "
            + "\(followerCount) followed others and \(tickCount) came by schedule, \(crashCount) attempts cut off, "
            + "\(crashedCount) dead after \(JobTortureJobs.crashLimit) crashes, \(cancelledCount) cancelled; \(faultText)"
    }

    var faultText: String {
        faults.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            + ", integrity \(integrity)"
    }
}
