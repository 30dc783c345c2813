import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct RetentionLedgerTests {
    private struct Weight: Hashable {
        let id: Int64
        let count: Int64
        let bytes: Int64
    }

    private func weights(_ sql: SQL, _ database: Database) throws -> Set<Weight> {
        try database.read { snapshot in
            Set(
                try snapshot.all(sql) { row in
                    Weight(id: try row.integer(0), count: try row.integer(1), bytes: try row.integer(2))
                })
        }
    }

    @Test func `the counts of each retention agree with its messages, however they were published`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 400
        var short = Cable.Retention("short.>")
        short.maximumBytes = 3_000
        configuration.retention = [short]
        try await withCable(configuration) { cable, database in
            // Alone and together, few and many, so that looks begin and end at all places.
            for (index, count) in [1, 64, 63, 100, 7, 1, 500, 128, 3, 65, 1, 200].enumerated() {
                let drafts = (0..<count).map { number in
                    Cable.Draft(
                        bytes: [UInt8](repeating: 7, count: number % 90), to: number % 3 == 0 ? "short.\(number)" : "a")
                }
                if index % 4 == 3 {
                    try await database.write { transaction in try cable.publish(drafts, in: transaction) }
                } else {
                    try await cable.publish(drafts)
                }
                // Later ones follow each other directly: those are counted without being read back.
                if index < 6 { try await cable.publish(bytes: [1, 2, 3], to: "short.alone") }
                let kept = try weights(
                    """
                    SELECT retention, count(*), sum(length(payload)) FROM lite_cable_messages
                    WHERE seq <= (SELECT counted_through FROM lite_cable_log) GROUP BY retention
                    """, database)
                let counted = try weights(
                    "SELECT id, message_count, byte_count FROM lite_cable_retention WHERE message_count > 0", database)
                #expect(counted == kept, "after \(count)")
            }
        }
    }
}
