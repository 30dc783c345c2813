import LiteDB

/// The SQL about jobs that wait for a worker that knows them.
extension JobStore {
    /// Jobs of a kind that wait for a worker that knows them.
    struct Parked {
        /// How many, with those of the kind that wait for a pause to end.
        let count: Int
        /// The oldest one of the newest version, which the fewest know.
        let oldest: Oldest

        struct Oldest: Equatable {
            let id: Int64
            /// Grows when somebody takes it, be it only to put it aside again.
            let token: Int64
        }
    }

    /// What waits for a worker that knows it, by kind. Kinds of which only jobs of paused kinds and tags wait are not there.
    func parkedKinds(in access: borrowing some ReadAccess & ~Copyable) throws -> [String: Parked] {
        let counts = try access.all(
            "SELECT kind, sum(count) FROM lite_job_counts WHERE state = 'parked' AND count > 0 GROUP BY kind"
        ) { row in (kind: try row.text(0), count: try row.get(1, as: Int.self)) }
        var kinds: [String: Parked] = [:]
        for (kind, count) in counts {
            let oldest = try access.first(Self.oldestParked(of: kind)) { row in
                (
                    reason: try row.get(0, as: String?.self).flatMap(JobRecord.Reason.init),
                    oldest: Parked.Oldest(id: try row.integer(1), token: try row.integer(2))
                )
            }
            guard let oldest, oldest.reason == .unknownKind || oldest.reason == .newerVersion else { continue }
            kinds[kind] = Parked(count: count, oldest: oldest.oldest)
        }
        return kinds
    }

    static func oldestParked(of kind: String) -> SQL {
        """
        SELECT reason, id, token
        FROM lite_jobs
        WHERE state = 'parked' AND reason <> 'pausedTag' AND kind = \(kind) AND version = (
            SELECT max(version)
            FROM lite_jobs
            WHERE state = 'parked' AND reason <> 'pausedTag' AND kind = \(kind))
        ORDER BY id
        LIMIT 1
        """
    }
}
