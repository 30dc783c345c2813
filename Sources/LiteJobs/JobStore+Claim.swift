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
    /// from there. Those that are past their time, or cannot be read, are dead. Those beyond what can start at once are
    /// not noted as started.
    ///
    /// - Returns: Nil if the worker is not registered any more, because it was taken for dead.
    func claim(
        for worker: Int64, _ plan: ClaimPlan, kinds: KnownKinds, deadRetention: Int64, at now: Int64,
        in transaction: borrowing Transaction
    ) throws -> (claimed: [ClaimedJob], ended: [EndedAttempt])? {
        guard try transaction.first(Self.isRegistered(worker), as: Int.self) != nil else { return nil }
        let pauses = try pauses(in: transaction)
        if pauses.isAll { return ([], []) }
        // No more than this worker runs at once, and of its own queues, or workers that know other kinds would only put
        // them aside again.
        try transaction.execute(
            Self.unpark(kinds.without(pauses.kinds), in: plan.shares.map(\.queue), limit: plan.limit))
        try transaction.execute(Self.promote(at: now))
        var round = ClaimRound(plan: plan, worker: worker, kinds: kinds, pauses: pauses, now: now)
        for share in plan.shares where !pauses.queues.contains(share.queue) {
            var taken = 0
            if let time = plan.overdueBefore {
                let limit = min(share.limit, plan.limit - round.claimed.count)
                taken = try claimOverdue(before: time, share.queue, limit, &round, in: transaction)
            }
            while taken < share.limit, round.claimed.count < plan.limit, round.asideCount < Self.parkLimit {
                let limit = min(share.limit - taken, plan.limit - round.claimed.count)
                let found = try transaction.all(
                    Self.claim(for: worker, queue: share.queue, limit: limit, at: round.startedAt)
                ) { row in try Self.claimedJob(row, queue: share.queue) }
                let kept = try sort(found, &round, in: transaction)
                taken += kept
                if kept == found.count { break }
            }
        }
        for index in round.claimed.indices.prefix(plan.isAhead ? plan.startCount : round.claimed.count) {
            round.claimed[index].isNoted = true
            if plan.isAhead { try note(round.claimed[index], at: now, in: transaction) }
        }
        for attempt in round.ended {
            _ = try record(attempt, deadRetention: deadRetention, at: now, in: transaction)
        }
        return (round.claimed, round.ended)
    }

    /// Notes that the attempt begins now.
    func note(_ job: ClaimedJob, at now: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            SQL(Self.noting, arguments: [.integer(now), .integer(job.id.rawValue), .integer(job.token)]))
    }

    /// What one claim has come to.
    private struct ClaimRound {
        let plan: ClaimPlan
        let worker: Int64
        let kinds: KnownKinds
        let pauses: JobPauses
        let now: Int64
        var claimed: [ClaimedJob] = []
        /// Of those that are dead before they began.
        var ended: [EndedAttempt] = []
        var asideCount = 0

        /// Nil if only some of the jobs begin now.
        var startedAt: Int64? { plan.isAhead ? nil : now }
    }

    /// Claims those that have waited for too long because of their priority: the oldest of each priority.
    ///
    /// - Returns: How many were kept.
    private func claimOverdue(
        before time: Int64, _ queue: String, _ limit: Int, _ round: inout ClaimRound,
        in transaction: borrowing Transaction
    ) throws -> Int {
        let heads = try transaction.all(Self.heads(of: queue)) { row in
            (id: try row.get(0, as: Int64?.self), due: try row.get(1, as: Int64?.self))
        }
        var taken = 0
        for head in heads {
            guard let id = head.id, let due = head.due, due < time, taken < limit else { break }
            let found = try transaction.all(Self.claim(id, for: round.worker, at: round.startedAt)) { row in
                try Self.claimedJob(row, queue: queue)
            }
            taken += try sort(found, &round, in: transaction)
        }
        return taken
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
                round.ended.append(job.neverBegun(.expired, "it was not started in time"))
            } else if let reason = round.pauses.reason(for: job) ?? round.kinds.reason(for: job) {
                try park(job, reason, in: transaction)
            } else if !job.isReadable {
                round.ended.append(
                    job.neverBegun(.undecodable, "its tags, metadata or payload are not what the queue stores"))
            } else {
                own.append(job)
            }
        }
        if own.count > 1 { own.sort { ($0.priority, $1.runAt, $1.id) > ($1.priority, $0.runAt, $0.id) } }
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
        SET state = 'running', worker = ?, attempt = attempt + 1, token = token + 1, started_at = ?, progress = NULL,
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
                ORDER BY priority DESC, run_at, id
                LIMIT ?)

            """ + claimed
    private static let claimOne = claiming + "WHERE id = ? AND state = 'available'\n" + claimed

    private static let noting = "UPDATE lite_jobs SET started_at = ? WHERE id = ? AND state = 'running' AND token = ?"

    static func claim(for worker: Int64, queue: String, limit: Int, at startedAt: Int64?) -> SQL {
        SQL(claimNext, arguments: [.integer(worker), startedAt.sqlValue, .text(queue), .integer(Int64(limit))])
    }

    private static func claim(_ id: Int64, for worker: Int64, at startedAt: Int64?) -> SQL {
        SQL(claimOne, arguments: [.integer(worker), startedAt.sqlValue, .integer(id)])
    }

    /// The stored form; nil if it is a number, which only somebody can have stored who switched the checks off.
    static func payload(_ row: borrowing Row, _ index: Int) -> Data? {
        try? row.withBytes(index) { Data($0) }  // that it cannot be read is the answer
    }

    private static func claimedJob(_ row: borrowing Row, queue: String) throws -> ClaimedJob {
        ClaimedJob(
            id: JobID(rawValue: try row.integer(0)), kind: try row.text(1), version: Int(try row.integer(2)),
            queue: queue, priority: Int(try row.integer(3)), attempt: Int(try row.integer(4)),
            maximumAttemptCount: Int(try row.integer(5)), token: try row.integer(6), nonce: try row.integer(7),
            enqueuedAt: try row.integer(8), runAt: try row.integer(9), expiresAt: try row.get(10),
            slot: try row.get(11), tags: try row.get(12), metadata: try row.get(13), payload: payload(row, 14))
    }
}
