import LiteDB

/// All SQL of tags.
enum TagStore {
    /// The state: how many invalidations there were, and which file this is.
    struct State {
        var sequence: Int64
        var origin: [UInt8]
    }

    static func state(in access: borrowing some ReadAccess & ~Copyable) throws -> State {
        let state = try access.first("SELECT sequence, origin FROM lite_cache_tag_state WHERE id = 1") { row in
            State(sequence: try row.integer(0), origin: try row.get(1))
        }
        return state ?? State(sequence: 0, origin: [])
    }

    static func sequence(in access: borrowing some ReadAccess & ~Copyable) throws -> Int64 {
        try access.first("SELECT sequence FROM lite_cache_tag_state WHERE id = 1") { try $0.integer(0) } ?? 0
    }

    static func changes(since sequence: Int64) -> SQL {
        "SELECT bucket, changed_at FROM lite_cache_tags WHERE changed_at > \(sequence)"
    }

    /// Invalidates what is in these buckets, with one number for all of them.
    static func invalidate(_ buckets: [UInt32], in transaction: borrowing Transaction) throws {
        guard !buckets.isEmpty else { return }
        try transaction.execute("UPDATE lite_cache_tag_state SET sequence = sequence + 1 WHERE id = 1")
        for bucket in buckets {
            try transaction.execute(
                """
                INSERT INTO lite_cache_tags (bucket, changed_at)
                SELECT \(Int64(bucket)), sequence FROM lite_cache_tag_state WHERE id = 1
                ON CONFLICT (bucket) DO UPDATE SET changed_at = excluded.changed_at
                """)
        }
    }
}
