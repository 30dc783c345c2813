import Foundation
import LiteDB
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteJobs

/// Dead workers are made here by letting go of a worker's lock without signing off, which is what the kernel does
/// when a process ends. `WorkerKillTests` kills a real one.
@Suite(.timeLimit(.minutes(5))) struct RescueTests {
    /// A worker that has claimed one job and does nothing more.
    private func claim(_ jobs: JobQueue) async throws -> (WorkerRegistration, ClaimedJob) {
        let registration = try await WorkerRegistration.make(for: noteWorker(jobs))
        let plan = ClaimPlan(shares: [.init(queue: "default", limit: 1)], limit: 1, startCount: 1, overdueBefore: nil)
        return (registration, try #require(try await registration.turn([], plan).claimed.first))
    }

    private func noteWorker(_ jobs: JobQueue) -> Worker {
        jobs.worker { handlers in
            handlers.handle(Note.self) { _, _ in }
            handlers.handle(OnceOnly.self) { _, _ in }
        }
    }

    private func workerCount(_ database: Database) throws -> Int {
        try database.read { snapshot in try snapshot.rowCount(of: "lite_job_workers") }
    }

    @Test func `a job whose worker died runs again at once`() async throws {
        try await withJobs { jobs, database in
            let id = try await jobs.enqueue(Note())
            let (dead, _) = try await claim(jobs)
            try await running(noteWorker(jobs)) {
                // A worker that lives keeps its job, however often the others look.
                let other = try await jobs.enqueue(Note())
                _ = try await jobs.job(other, reaches: .completed)
                #expect(try await jobs.job(id)?.state == .running)
                let clock = ContinuousClock()
                let died = clock.now
                dead.lock.release()
                let done = try await jobs.job(id, reaches: .completed)
                // Not after a time-out; the second itself is measured by `scripts/bench jobs.rescue`.
                #expect(clock.now - died < .seconds(15))
                #expect(done.attempt == 2)
                #expect(done.crashCount == 1)
                #expect(done.errors.map(\.attempt) == [1])
            }
            #expect(try workerCount(database) == 0)
            #expect(!FileManager.default.fileExists(atPath: dead.lock.path))
        }
    }

    @Test func `the first worker to start finds the jobs of the dead`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, _ in
            let id = try await jobs.enqueue(Note())
            let (dead, _) = try await claim(jobs)
            dead.lock.release()
            // No time passes: it is the first thing that a worker does.
            try await running(noteWorker(jobs)) { _ = try await jobs.job(id, reaches: .completed) }
        }
    }

    @Test func `an attempt that was given to another completes nothing`() async throws {
        try await withJobs { jobs, database in
            try await database.execute("CREATE TABLE ledger (entry TEXT NOT NULL) STRICT")
            let id = try await jobs.enqueue(Note())
            let (dead, zombie) = try await claim(jobs)
            dead.lock.release()
            try await running(noteWorker(jobs)) { _ = try await jobs.job(id, reaches: .completed) }
            // The dead one was only asleep, and goes on.
            let context = JobContext(job: zombie, jobs: jobs, state: AttemptState(control: WorkerControl()))
            await #expect {
                try await context.complete { transaction in
                    try transaction.execute("INSERT INTO ledger (entry) VALUES ('twice')")
                }
            } throws: {
                ($0 as? JobError)?.code == .attemptLost
            }
            let store = jobs.store
            let late = EndedAttempt(
                job: zombie, end: .dead(reason: .discarded, message: "late"), duration: nil)
            let isRecorded = try await database.write { transaction in
                try store.record([late], deadRetention: 0, at: 0, in: transaction)
            }
            #expect(isRecorded == [false])
            let count = try database.read { snapshot in try snapshot.rowCount(of: "ledger") }
            #expect(count == 0)
            let job = try #require(try await jobs.job(id))
            #expect(job.state == .completed)
            #expect(job.errors.count == 1)
        }
    }

    @Test func `an attempt completes nothing while another one runs`() async throws {
        try await withJobs { jobs, database in
            try await jobs.enqueue(Note())
            let (dead, zombie) = try await claim(jobs)
            dead.lock.release()
            try await Rescuer(jobs: jobs).look(except: 0)
            let (living, second) = try await claim(jobs)
            #expect(second.id == zombie.id)
            let late = JobContext(job: zombie, jobs: jobs, state: AttemptState(control: WorkerControl()))
            await #expect { try await late.complete { _ in } } throws: { ($0 as? JobError)?.code == .attemptLost }
            let inTime = JobContext(job: second, jobs: jobs, state: AttemptState(control: WorkerControl()))
            try await inTime.complete { _ in }
            #expect(try await jobs.job(second.id)?.state == .completed)
            await living.end()
            #expect(try workerCount(database) == 0)
        }
    }

    @Test func `a job that kills its workers is given up`() async throws {
        var configuration = JobQueue.Configuration()
        configuration.maximumCrashCount = 2
        try await withJobs(configuration) { jobs, _ in
            let rescuer = Rescuer(jobs: jobs)
            let id = try await jobs.enqueue(Note())
            let (first, _) = try await claim(jobs)
            first.lock.release()
            try await rescuer.look(except: 0)
            #expect(try await jobs.job(id)?.state == .available)
            let (second, _) = try await claim(jobs)
            second.lock.release()
            try await rescuer.look(except: 0)
            let job = try #require(try await jobs.job(id))
            #expect(job.state == .dead)
            #expect(job.reason == .crashed)
            #expect(job.crashCount == 2)
        }
    }

    @Test func `a job without further attempts does not run again after its worker died`() async throws {
        try await withJobs { jobs, _ in
            let id = try await jobs.enqueue(OnceOnly())
            let (dead, _) = try await claim(jobs)
            dead.lock.release()
            try await Rescuer(jobs: jobs).look(except: 0)
            #expect(try await jobs.job(id)?.state == .dead)
            #expect(try await jobs.job(id)?.reason == .crashed)
        }
    }

    @Test func `a missing lock file is a death only after two seconds`() async throws {
        try await withJobs { jobs, _ in
            let start = SuspendingClock.now
            let id = try await jobs.enqueue(Note())
            let (worker, _) = try await claim(jobs)
            try FileManager.default.removeItem(atPath: worker.lock.path)
            let (box, rescuer) = rescuer(jobs, start)
            try await rescuer.look(except: 0)
            box.add(.milliseconds(1_900))
            try await rescuer.look(except: 0)
            #expect(try await jobs.job(id)?.state == .running)
            box.add(.milliseconds(100))
            try await rescuer.look(except: 0)
            #expect(try await jobs.job(id)?.state == .available)
        }
    }

    @Test func `a live worker whose file was removed makes it again and keeps its jobs`() async throws {
        try await withJobs { jobs, database in
            let (started, mayEnd) = (TestSignal(), TestSignal())
            let id = try await jobs.enqueue(Note())
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in
                    started.send()
                    try await mayEnd.wait()
                }
            }
            try await running(worker) {
                try await started.wait()
                try FileManager.default.removeItem(atPath: database.runDirectory)
                try await eventually("a lock file again") {
                    let files = try? FileManager.default.contentsOfDirectory(atPath: database.runDirectory)
                    return files?.contains { $0.hasPrefix("worker-") && $0.hasSuffix(".lock") } ?? false
                }
                try await Rescuer(jobs: jobs).look(except: 0)
                #expect(try await jobs.job(id)?.state == .running)
                mayEnd.send()
                let done = try await jobs.job(id, reaches: .completed)
                #expect(done.attempt == 1)
            }
        }
    }

    @Test func `an idle worker whose file was removed makes it again before it claims`() async throws {
        let time = TestTime()
        try await withJobs(time.configuration) { jobs, database in
            let intact = Mutex<Bool?>(nil)
            let worker = jobs.worker { handlers in
                handlers.handle(Note.self) { _, _ in
                    let files = try? FileManager.default.contentsOfDirectory(atPath: database.runDirectory)
                    intact.withLock {
                        $0 = files?.contains { $0.hasPrefix("worker-") && $0.hasSuffix(".lock") } ?? false
                    }
                }
            }
            try await running(worker) {
                _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed)
                #expect(intact.withLock { $0 } == true)
                try FileManager.default.removeItem(atPath: database.runDirectory)
                // The clock stands still: there is no housekeeping in between.
                _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed)
                #expect(intact.withLock { $0 } == true)
            }
        }
    }

    @Test func `a missing lock file is waited for longer where the housekeeping is slow`() async throws {
        var configuration = JobQueue.Configuration()
        configuration.housekeepingInterval = .seconds(10)
        try await withJobs(configuration) { jobs, _ in
            let id = try await jobs.enqueue(Note())
            let (worker, _) = try await claim(jobs)
            try FileManager.default.removeItem(atPath: worker.lock.path)
            let (box, rescuer) = rescuer(jobs, .now)
            try await rescuer.look(except: 0)
            box.add(.seconds(29))
            try await rescuer.look(except: 0)
            #expect(try await jobs.job(id)?.state == .running)
            box.add(.seconds(2))
            try await rescuer.look(except: 0)
            #expect(try await jobs.job(id)?.state == .available)
        }
    }

    @Test func `a worker that was taken for dead registers again and works on`() async throws {
        try await withJobs { jobs, database in
            try await running(noteWorker(jobs)) {
                _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed)
                try await database.execute("DELETE FROM lite_job_workers")
                _ = try await jobs.job(try await jobs.enqueue(Note()), reaches: .completed)
                #expect(try workerCount(database) == 1)
            }
        }
    }

    private func rescuer(_ jobs: JobQueue, _ start: SuspendingClock.Instant) -> (Offset, Rescuer) {
        let offset = Offset()
        return (offset, Rescuer(jobs: jobs) { start + offset.value })
    }

    /// How far the test has moved the time on.
    private final class Offset: Sendable {
        private let duration = Mutex<Duration>(.zero)

        var value: Duration { duration.withLock { $0 } }

        func add(_ more: Duration) {
            duration.withLock { $0 += more }
        }
    }
}
