import LiteDB
import Testing

@testable import LiteJobs

@Suite(.timeLimit(.minutes(5))) struct JobStoreTests {
    private let kinds = KnownKinds(["note": 1, "other": 3])

    private func plan(of sql: SQL) async throws -> [String] {
        try await withJobs { _, database in
            try await database.write { transaction in
                try transaction.all(SQL("EXPLAIN QUERY PLAN " + sql.text, arguments: sql.arguments)) { try $0.text(3) }
            }
        }
    }

    @Test func `a claim takes the head of its queue from the index`() async throws {
        let plan = try await plan(of: JobStore.claim(for: 1, queue: "default", limit: 4, at: 0))
        #expect(plan.contains("SEARCH lite_jobs USING INTEGER PRIMARY KEY (rowid=?)"), "\(plan)")
        #expect(plan.contains("SEARCH lite_jobs USING INDEX lite_jobs_available (queue=?)"), "\(plan)")
        #expect(!plan.contains { $0.contains("SCAN lite_jobs") || $0.contains("TEMP B-TREE") }, "\(plan)")
    }

    @Test func `due jobs are found by their index`() async throws {
        let plan = try await plan(of: JobStore.promote(at: 0))
        #expect(plan.contains("SEARCH lite_jobs USING INDEX lite_jobs_scheduled (run_at<?)"), "\(plan)")
        #expect(!plan.contains { $0.contains("SCAN lite_jobs") }, "\(plan)")
    }

    @Test func `parked jobs are found by their index`() async throws {
        for sql in [JobStore.unpark(kinds, in: ["a", "b"], limit: 4), JobStore.hasParked(kinds, in: ["a", "b"])] {
            let plan = try await plan(of: sql)
            #expect(
                plan.contains {
                    $0.hasPrefix("SEARCH lite_jobs USING INDEX lite_jobs_parked (kind=? AND version<?)")
                },
                "\(plan)")
            #expect(!plan.contains { $0.contains("SCAN lite_jobs") }, "\(plan)")
        }
    }

    @Test(arguments: [
        (JobStore.hasDue(at: 0), "SEARCH lite_jobs USING INDEX lite_jobs_scheduled (run_at<?)"),
        (JobStore.hasAvailable(in: "default"), "SEARCH lite_jobs USING INDEX lite_jobs_available (queue=?)"),
        (JobStore.nextDueQuery, "SEARCH lite_jobs USING INDEX lite_jobs_scheduled"),
        (JobStore.running(for: 1), "SEARCH lite_jobs USING INDEX lite_jobs_running (worker=?)"),
        (JobStore.oldestParked(of: "note"), "SEARCH lite_jobs USING INDEX lite_jobs_parked (kind=? AND version=?)"),
        (JobStore.anyRunning, "SCAN lite_jobs USING INDEX lite_jobs_running"),
        ("SELECT * FROM lite_job_depth", "SCAN lite_jobs USING INDEX lite_jobs_running"),
        (
            JobStore.prune("completed", at: 0),
            "SEARCH lite_jobs USING COVERING INDEX lite_jobs_finished (state=? AND prune_at<?)"
        ),
    ])
    func `what a worker asks again and again is answered by an index`(sql: SQL, step: String) async throws {
        let plan = try await plan(of: sql)
        #expect(plan.contains(step), "\(plan)")
        #expect(!plan.contains("SCAN lite_jobs"), "\(plan)")
    }

    @Test func `kinds with any characters become valid JSON`() async throws {
        let kinds = KnownKinds(["a \"quoted\" \\ kind\n": 2, "ü": 1])
        let names = try await withJobs { _, database in
            try database.read { snapshot in
                try snapshot.all("SELECT key FROM json_each(\(kinds.json)) ORDER BY key", as: String.self)
            }
        }
        #expect(names == ["a \"quoted\" \\ kind\n", "ü"])
    }
}
