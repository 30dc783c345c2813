import Foundation
import LiteDB
import LiteStackTesting

/// Starts workers on a file, one after the other, and kills each; some stand still for a while before.
struct JobTortureKiller: Sendable {
    private static let longestLifeMilliseconds = 150
    private static let longestStopMilliseconds = 700

    let path: String
    /// To look at what a stopped process has.
    let database: Database

    func kill(_ count: Int, _ seed: UInt64) async throws -> JobTortureReport {
        var random = RandomNumbers(seed: seed)
        var report = JobTortureReport()
        for _ in 0..<count {
            let (childSeed, life) = (
                random.next() >> 1, Int.random(in: 0...Self.longestLifeMilliseconds, using: &random)
            )
            let stop =
                Int.random(in: 0..<6, using: &random) == 0
                ? Int.random(in: 50...Self.longestStopMilliseconds, using: &random) : nil
            let program = CommandLine.arguments[0]
            try await withChildProcess(program, arguments: ["jobs-work", path, "\(childSeed)"]) { child in
                // Sometimes before it has begun to work.
                if life % 10 != 0 { try await ready(child) }
                try await Task.sleep(for: .milliseconds(life))
                if let stop {
                    report.add(try await self.stop(child, stop))
                    try await Task.sleep(for: .milliseconds(life))
                }
                child.send(.kill)
                let exit = try await child.waitForExit()
                guard exit == .signaled(SIGKILL) else {
                    throw TortureFailure("A worker ended by itself (\(exit)): \(child.lines.suffix(3))")
                }
            }
            report.killCount += 1
        }
        return report
    }

    private func ready(_ child: ChildProcess) async throws {
        do {
            _ = try await child.line("a worker that is ready") { $0 == "ready" }
        } catch {
            throw TortureFailure("\(error); exit: \(String(describing: child.exit)); it said: \(child.lines.suffix(5))")
        }
    }

    /// Lets a process stand still: it must keep what it runs, whatever the others do, unless it is cancelled.
    private func stop(_ child: ChildProcess, _ milliseconds: Int) async throws -> JobTortureReport {
        var report = JobTortureReport()
        // It may have killed itself before, by a job: then others may have its jobs by right.
        guard try await child.standStill() else { return report }
        let held = try attempts(of: child)
        try await Task.sleep(for: .milliseconds(milliseconds))
        let robbed = try held.subtracting(attempts(of: child)).filter { try !isCancelled($0) }
        (report.stopCount, report.heldCount) = (1, held.count)
        report.faults["taken from a process that stood still"] = robbed.count
        child.send(.resume)
        return report
    }

    private struct Attempt: Hashable {
        let job: Int64
        let token: Int64
    }

    private func attempts(of child: ChildProcess) throws -> Set<Attempt> {
        try database.read { snapshot in
            Set(
                try snapshot.all(
                    """
                    SELECT id, token
                    FROM lite_jobs
                    WHERE state = 'running'
                        AND worker IN (SELECT id FROM lite_job_workers WHERE pid = \(child.processIdentifier))
                    """
                ) { row in Attempt(job: try row.get(0), token: try row.get(1)) })
        }
    }

    private func isCancelled(_ attempt: Attempt) throws -> Bool {
        try database.read { snapshot in
            try snapshot.first("SELECT state = 'cancelled' FROM lite_jobs WHERE id = \(attempt.job)", as: Bool.self)
        } ?? false
    }
}
