import LiteDB
import LiteJobs
import LiteStackTesting
import Testing

/// Two releases of a program work on one file, as processes, and come and go in each order: nothing may be lost, run
/// twice, run by a release that does not understand it, or cost an attempt.
@Suite(.timeLimit(.minutes(5))) struct DeployTests {
    private static let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")

    enum Step: Sendable {
        case start(Release)
        case terminate(Release)
    }

    enum Release: String, Sendable {
        case old, new
    }

    /// Each begins with nobody, and ends with the new release.
    @Test(arguments: [
        // Old jobs wait for the new release.
        [Step.start(.new)],
        // A deployment: both side by side, then the new one alone.
        [.start(.old), .start(.new), .terminate(.old)],
        // One that stops the old one first.
        [.start(.old), .terminate(.old), .start(.new)],
        // The new one is taken back while both run, and comes again.
        [.start(.old), .start(.new), .terminate(.new), .start(.new)],
        // The new one is alone and is taken back.
        [.start(.new), .terminate(.new), .start(.old), .terminate(.old), .start(.new)],
        [.start(.new), .start(.old), .terminate(.new), .start(.new), .terminate(.old)],
    ])
    func `releases come and go and nothing is lost or charged`(steps: [Step]) async throws {
        try await withJobs { jobs, database in
            try await database.write { transaction in
                try transaction.executeScript(
                    """
                    CREATE TABLE gate (opened INTEGER) STRICT;
                    CREATE TABLE done (job INTEGER NOT NULL, release TEXT NOT NULL, text TEXT NOT NULL) STRICT;
                    """)
            }
            let first = try await enqueue(jobs)
            try await run(steps[...], [:], jobs, database, first)
        }
    }

    /// Goes through the steps; each release that is started lives at most until all that follow are done.
    private func run(
        _ steps: ArraySlice<Step>, _ living: [Release: ChildProcess], _ jobs: JobQueue, _ database: Database,
        _ wanted: [JobID: String]
    ) async throws {
        try await waitForWhatCanRun(jobs, living)
        guard let step = steps.first else { return try await finish(wanted, jobs, database) }
        var (living, wanted) = (living, wanted)
        switch step {
        case .start(let release):
            let arguments = ["work-\(release.rawValue)", database.path]
            try await withChildProcess(Self.helper, arguments: arguments) { child in
                _ = try await child.line("the release is ready") { $0 == "ready" }
                living[release] = child
                wanted.merge(try await enqueue(jobs)) { $1 }
                try await run(steps.dropFirst(), living, jobs, database, wanted)
            }
        case .terminate(let release):
            let removed = living.removeValue(forKey: release)
            let child = try #require(removed)
            // It is told to end in the middle of these.
            wanted.merge(try await enqueue(jobs)) { $1 }
            child.send(.terminate)
            #expect(try await child.waitForExit() == .exited(0))
            try await run(steps.dropFirst(), living, jobs, database, wanted)
        }
    }

    private func finish(_ wanted: [JobID: String], _ jobs: JobQueue, _ database: Database) async throws {
        try await database.execute("INSERT INTO gate VALUES (1)")
        try await eventually("all jobs are finished", within: .seconds(60)) {
            try await jobs.statistics().counts.allSatisfy { $0.state.isFinal }
        }
        try await check(wanted, jobs, database)
    }

    /// Waits until the living releases have done what they know, and left alone what they do not.
    private func waitForWhatCanRun(_ jobs: JobQueue, _ living: [Release: ChildProcess]) async throws {
        guard !living.isEmpty else { return }
        let hasNew = living[.new] != nil
        try await eventually("nothing that can run waits", within: .seconds(60)) {
            var filter = JobFilter()
            filter.states = [.available, .running, .parked, .scheduled]
            filter.limit = 10_000
            return try await jobs.jobs(where: filter).allSatisfy { job in
                if job.kind == Vigil.kind { return job.state == .running && job.attempt == 1 }
                guard !hasNew else { return false }
                let reason: JobRecord.Reason = job.kind == "note" ? .newerVersion : .unknownKind
                return job.state == .parked && job.reason == reason && job.attempt == 0
            }
        }
    }

    private func check(_ wanted: [JobID: String], _ jobs: JobQueue, _ database: Database) async throws {
        let done = try database.read { snapshot in
            try snapshot.all("SELECT job, release, text FROM done ORDER BY job") { row in
                (id: JobID(rawValue: try row.get(0)), release: try row.text(1), text: try row.text(2))
            }
        }
        #expect(done.map(\.id) == wanted.keys.sorted { $0.rawValue < $1.rawValue })
        for (id, release, text) in done {
            #expect(text == wanted[id])
            let job = try #require(try await jobs.job(id))
            #expect(job.state == .completed && job.attempt == 1 && job.crashCount == 0 && job.errors.isEmpty)
            if job.version == 2 || job.kind == "picture" { #expect(release == "new") }
        }
    }

    /// What both releases enqueue, with what their handlers make of it.
    private func enqueue(_ jobs: JobQueue) async throws -> [JobID: String] {
        var wanted = [try await jobs.enqueue(Vigil()).id: "vigil"]
        for number in 0..<8 {
            wanted[try await jobs.enqueue(OldLetter(to: "Ada \(number)")).id] = "Ada \(number)"
            wanted[try await jobs.enqueue(OldNote(text: "ink \(number)")).id] = "ink \(number)"
            wanted[try await jobs.enqueue(Mail(recipients: ["Bob", "\(number)"])).id] = "Bob+\(number)"
            wanted[try await jobs.enqueue(NewNote(lines: ["a", "\(number)"])).id] = "a+\(number)"
            wanted[try await jobs.enqueue(Picture(name: "sea \(number)")).id] = "sea \(number)"
        }
        return wanted
    }

    private struct Vigil: Job {
        static let kind = "vigil"
    }

    private struct OldLetter: Job {
        static let kind = "letter"
        var to: String
    }

    private struct OldNote: Job {
        static let kind = "note"
        var text: String
    }

    private struct Mail: Job {
        static let kind = "mail"
        static let version = 2
        var recipients: [String]
    }

    private struct NewNote: Job {
        static let kind = "note"
        static let version = 2
        var lines: [String]
    }

    private struct Picture: Job {
        static let kind = "picture"
        var name: String
    }
}
