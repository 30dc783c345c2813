import Foundation
import MetricsTestKit
import Testing

@testable import LiteDB

/// What a database tells swift-metrics.
@Suite struct DatabaseMetricsTests {
    @Test(arguments: [Database.Durability.full, .normal])
    func `commits, writes and checkpoints are counted`(durability: Database.Durability) async throws {
        let metrics = TestMetrics()
        try await withNotes({
            $0.metrics = metrics
            $0.durability = durability
        }) { database in
            let writer = try await HeldWriter(database)
            let first = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('first')") }
            let second = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('first')") }
            let third = try await writer.queue { try $0.execute("INSERT INTO notes (body) VALUES ('third')") }
            let before = (try count("commits", metrics), try count("writes", metrics))
            try await writer.release()
            _ = try await first.value
            #expect(try await code { try await second.value } == .constraint)
            _ = try await third.value
            // The write that held the writer, and the group of three of which one failed.
            #expect(try count("commits", metrics) - before.0 <= 2)
            #expect(try count("writes", metrics) - before.1 >= 2)
            try await onThread { try database.core.checkpointer?.checkpoint() }
            let file = [("file", "test.sqlite3")]
            #expect(try metrics.expectTimer("litestack.db.commit.duration", file).values.allSatisfy { $0 > 0 })
            #expect(try metrics.expectTimer("litestack.db.checkpoint.duration", file).values.count >= 1)
            _ = database.core.tick(isThorough: true)
            #expect(try #require(metrics.expectGauge("litestack.db.wal.bytes", file).lastValue) > 4096)
        }
    }

    @Test func `a write that gives up is counted`() async throws {
        let metrics = TestMetrics()
        try await withNotes({
            $0.metrics = metrics
            $0.busyTimeout = .milliseconds(50)
        }) { database in
            let other = try RawConnection(database.path)
            _ = try other.all("BEGIN IMMEDIATE")
            #expect(try await code { try await database.execute("DELETE FROM notes") } == .busy)
            #expect(try count("busy", metrics) == 1)
            _ = try other.all("ROLLBACK")
        }
    }

    private func count(_ name: String, _ metrics: TestMetrics) throws -> Int64 {
        try metrics.expectCounter("litestack.db.\(name)", [("file", "test.sqlite3")]).totalValue
    }
}
