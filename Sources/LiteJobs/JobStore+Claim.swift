import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The SQL of claiming.
extension JobStore {
    /// How many due jobs one claim makes available at most, and how many foreign ones it puts aside.
    static let promotionLimit = 1_000
    static let parkLimit = 200

    // MARK: Looking

    /// Whether a claim would find anything, so that idle workers never write.
    func hasWork(
        in queues: [String], kinds: KnownKinds, at now: Int64, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> Bool {
        let pauses = try pauses(in: access)
        guard !pauses.isAll else { return false }
        if try access.first(Self.hasDue(at: now), as: Bool.self) ?? false { return true }
        for queue in queues where !pauses.queues.contains(queue) {
            if try access.first(Self.hasAvailable(in: queue), as: Bool.self) ?? false { return true }
        }
        return try access.first(Self.hasParked(kinds.without(pauses.kinds), in: queues), as: Bool.self) ?? false
    }

    static func hasDue(at now: Int64) -> SQL {
        "SELECT EXISTS (SELECT 1 FROM lite_jobs WHERE state = 'scheduled' AND run_at <= \(now))"
    }

    static func hasAvailable(in queue: String) -> SQL {
        "SELECT EXISTS (SELECT 1 FROM lite_jobs WHERE state = 'available' AND queue = \(queue))"
    }

    static func hasParked(_ kinds: KnownKinds, in queues: [String]) -> SQL {
        """
        SELECT EXISTS (
            SELECT 1
            FROM json_each(\(kinds.json)) AS known
            CROSS JOIN lite_jobs
            WHERE state = 'parked' AND reason <> 'pausedTag' AND kind = known.key AND version <= known.value
                AND queue IN (\(list: queues)))
        """
    }

    /// When the next scheduled job is due.
    func nextDue(in access: borrowing some ReadAccess & ~Copyable) throws -> Int64? {
        try access.first(Self.nextDueQuery, as: Int64?.self) ?? nil
    }

    static let nextDueQuery: SQL = "SELECT min(run_at) FROM lite_jobs WHERE state = 'scheduled'"

    // MARK: Claiming

    /// Gives the worker jobs: as the plan says, and in a queue by priority and age.
    ///
    /// Jobs of a kind or version that the worker does not know, and paused ones, are put aside; its own kinds come back
    /// from there. Those that are past their time are dead.
    ///
    /// - Returns: Nil if the worker is not registered any more, because it was taken for dead.
    func claim(
        for worker: Int64, _ plan: ClaimPlan, kinds: KnownKinds, at now: Int64, in transaction: borrowing Transaction
    ) throws -> [ClaimedJob]? {
        guard try transaction.first(Self.isRegistered(worker), as: Int.self) != nil else { return nil }
        let pauses = try pauses(in: transaction)
        if pauses.isAll { return [] }
        // No more than this worker runs at once, and of its own queues, or workers that know other kinds would only put
        // them aside again.
        try transaction.execute(
            Self.unpark(kinds.without(pauses.kinds), in: plan.shares.map(\.queue), limit: plan.limit))
        try transaction.execute(Self.promote(at: now))
        var round = ClaimRound(worker: worker, kinds: kinds, pauses: pauses, now: now)
        for share in plan.shares where !pauses.queues.contains(share.queue) {
            if let time = plan.overdueBefore {
                try claimOverdue(before: time, share, plan.limit, &round, in: transaction)
            }
            var taken = 0
            while taken < share.limit, round.claimed.count < plan.limit, round.asideCount < Self.parkLimit {
                let limit = min(share.limit - taken, plan.limit - round.claimed.count)
                let found = try transaction.all(
                    Self.claim(for: worker, queue: share.queue, limit: limit, at: now)
                ) { row in try Self.claimedJob(row, queue: share.queue) }
                let kept = try sort(found, &round, in: transaction)
                taken += kept
                if kept == found.count { break }
            }
        }
        return round.claimed
    }

    /// What one claim has come to.
    private struct ClaimRound {
        let worker: Int64
        let kinds: KnownKinds
        let pauses: JobPauses
        let now: Int64
        var claimed: [ClaimedJob] = []
        var asideCount = 0
    }

    /// Claims those that have waited for too long because of their priority: the oldest of each priority.
    private func claimOverdue(
        before time: Int64, _ share: ClaimPlan.Share, _ limit: Int, _ round: inout ClaimRound,
        in transaction: borrowing Transaction
    ) throws {
        let heads = try transaction.all(Self.heads(of: share.queue)) { row in
            (id: try row.get(0, as: Int64?.self), due: try row.get(1, as: Int64?.self))
        }
        for head in heads {
            guard let id = head.id, let due = head.due, due < time, round.claimed.count < limit else { return }
            let found = try transaction.all(Self.claim(id, for: round.worker, at: round.now)) { row in
                try Self.claimedJob(row, queue: share.queue)
            }
            _ = try sort(found, &round, in: transaction)
        }
    }

    /// Keeps what the worker can run, in its order, and puts the rest aside.
    ///
    /// - Returns: How many were kept.
    private func sort(
        _ found: [ClaimedJob], _ round: inout ClaimRound, in transaction: borrowing Transaction
    ) throws -> Int {
        var own: [ClaimedJob] = []
        own.reserveCapacity(found.count)
        for job in found {
            if let expiry = job.expiresAt, expiry <= round.now {
                try transaction.execute(Self.expire(job.id, at: round.now))
            } else if let reason = try round.pauses.reason(for: job) ?? round.kinds.reason(for: job) {
                try park(job, reason, in: transaction)
            } else {
                own.append(job)
            }
        }
        if own.count > 1 { own.sort { ($0.priority, $1.id) > ($1.priority, $0.id) } }
        round.claimed += own
        round.asideCount += found.count - own.count
        return own.count
    }

    private func park(_ job: ClaimedJob, _ reason: JobRecord.Reason, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            """
            UPDATE lite_jobs
            SET state = 'parked', reason = \(reason.rawValue), worker = NULL, attempt = attempt - 1, token = token + 1,
                started_at = NULL
            WHERE id = \(job.id.rawValue)
            """)
    }

    // MARK: Statements

    private static func isRegistered(_ worker: Int64) -> SQL {
        SQL("SELECT 1 FROM lite_job_workers WHERE id = ?", arguments: [.integer(worker)])
    }

    static func unpark(_ kinds: KnownKinds, in queues: [String], limit: Int) -> SQL {
        """
        UPDATE lite_jobs
        SET state = 'available', reason = NULL
        WHERE id IN (
            SELECT lite_jobs.id
            FROM json_each(\(kinds.json)) AS known
            CROSS JOIN lite_jobs
            WHERE state = 'parked' AND reason <> 'pausedTag' AND kind = known.key AND version <= known.value
                AND queue IN (\(list: queues))
            LIMIT \(limit))
        """
    }

    static func promote(at now: Int64) -> SQL {
        """
        UPDATE lite_jobs
        SET state = 'available'
        WHERE id IN (
            SELECT id
            FROM lite_jobs
            WHERE state = 'scheduled' AND run_at <= \(now)
            ORDER BY run_at
            LIMIT \(promotionLimit))
        """
    }

    private static let claiming = """
        UPDATE lite_jobs
        SET state = 'running', worker = ?, attempt = attempt + 1, token = token + 1, started_at = ?,
            unique_key = CASE unique_until WHEN 'started' THEN NULL ELSE unique_key END, progress = NULL,
            progress_message = NULL

        """
    private static let claimed = """
        RETURNING id, kind, version, priority, attempt, maximum_attempts, token, nonce, enqueued_at, run_at, expires_at,
            slot, tags, metadata, payload
        """
    private static let claimNext =
        claiming + """
            WHERE id IN (
                SELECT id
                FROM lite_jobs
                WHERE state = 'available' AND queue = ?
                ORDER BY priority DESC, id
                LIMIT ?)

            """ + claimed
    private static let claimOne = claiming + "WHERE id = ? AND state = 'available'\n" + claimed

    static func claim(for worker: Int64, queue: String, limit: Int, at now: Int64) -> SQL {
        SQL(claimNext, arguments: [.integer(worker), .integer(now), .text(queue), .integer(Int64(limit))])
    }

    private static func claim(_ id: Int64, for worker: Int64, at now: Int64) -> SQL {
        SQL(claimOne, arguments: [.integer(worker), .integer(now), .integer(id)])
    }

    private static func expire(_ id: JobID, at now: Int64) -> SQL {
        """
        UPDATE lite_jobs
        SET state = 'dead', reason = 'expired', worker = NULL, attempt = attempt - 1, token = token + 1,
            finished_at = \(now), prune_at = \(now) + 2592000000, started_at = NULL
        WHERE id = \(id.rawValue)
        """
    }

    private static func claimedJob(_ row: borrowing Row, queue: String) throws -> ClaimedJob {
        ClaimedJob(
            id: JobID(rawValue: try row.integer(0)), kind: try row.text(1), version: Int(try row.integer(2)),
            queue: queue, priority: Int(try row.integer(3)), attempt: Int(try row.integer(4)),
            maximumAttemptCount: Int(try row.integer(5)), token: try row.integer(6), nonce: try row.integer(7),
            enqueuedAt: try row.integer(8), runAt: try row.integer(9), expiresAt: try row.get(10),
            slot: try row.get(11), tags: try row.get(12), metadata: try row.get(13),
            payload: try row.withBytes(14) { Data($0) })
    }
}
