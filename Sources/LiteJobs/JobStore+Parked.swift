import LiteDB

/// The SQL about jobs that wait for a worker that knows them.
extension JobStore {
    /// How many jobs of which kinds wait for a worker that knows them. Those of paused kinds and tags do not count; of a
    /// kind with both the number is that of all.
    func parkedKinds(in access: borrowing some ReadAccess & ~Copyable) throws -> [String: Int] {
        let counts = try access.all(
            "SELECT kind, sum(count) FROM lite_job_counts WHERE state = 'parked' AND count > 0 GROUP BY kind"
        ) { row in (kind: try row.text(0), count: try row.get(1, as: Int.self)) }
        var kinds: [String: Int] = [:]
        for (kind, count) in counts {
            let reason = try access.first(Self.parkedReason(of: kind), as: String.self)
            if reason == JobRecord.Reason.unknownKind.rawValue || reason == JobRecord.Reason.newerVersion.rawValue {
                kinds[kind] = count
            }
        }
        return kinds
    }

    /// Of the newest version, which the fewest know.
    static func parkedReason(of kind: String) -> SQL {
        """
        SELECT reason
        FROM lite_jobs
        WHERE state = 'parked' AND reason <> 'pausedTag' AND kind = \(kind)
        ORDER BY version DESC
        LIMIT 1
        """
    }
}
