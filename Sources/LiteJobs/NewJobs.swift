import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a call to `enqueue` asks for.
struct EnqueueOptions: Sendable {
    var delay: Duration?
    var runAt: Date?
    var priority: Int?
    var queue: String?
    var tags: [String] = []
    var expiresAfter: Duration?
    var unique: Uniqueness?
}

/// Many jobs, ready to be stored.
enum NewJobs: Sendable {
    /// They differ in nothing but their payloads, which are a JSON array.
    case alike(JobStore.NewJob, count: Int)
    case each([JobStore.NewJob])
}

extension JobStore {
    func insert(_ jobs: NewJobs, at now: Int64, in transaction: borrowing Transaction) throws -> [Inserted] {
        switch jobs {
        case .alike(let job, let count):
            return try insertAll(job, count: count, at: now, in: transaction).map {
                Inserted(id: $0, isDuplicate: false)
            }
        case .each(let jobs):
            var inserted: [Inserted] = []
            for job in jobs { inserted.append(try insert(job, at: now, in: transaction)) }
            return inserted
        }
    }
}

extension JobQueue {
    /// One job, encoded and checked.
    func newJob<J: Job>(_ job: J, _ options: EnqueueOptions) throws -> JobStore.NewJob {
        try finish(draft(J.self, payload(of: job), options), options)
    }

    /// One job's stored form.
    ///
    /// - Throws: `JobError` with `unencodable` or `tooLarge`.
    func payload<J: Job>(of job: J) throws -> String {
        let payload = try encode(job, as: J.self)
        guard payload.utf8.count <= configuration.maximumPayloadBytes else {
            throw JobError(
                .tooLarge,
                "Enqueueing a \(J.self) of \(payload.utf8.count) bytes: at most \(configuration.maximumPayloadBytes) are "
                    + "allowed. Store the data and enqueue its id, or raise `maximumPayloadBytes`")
        }
        return payload
    }

    /// Many jobs. They are encoded at once where nothing has to be asked of each.
    func newJobs<J: Job>(_ jobs: [J], _ options: EnqueueOptions) throws -> NewJobs {
        guard jobs.count > 1, options.unique == nil, configuration.middleware.isEmpty else {
            return .each(try jobs.map { try newJob($0, options) })
        }
        let payload = try encode(jobs, as: J.self)
        guard payload.utf8.count <= configuration.maximumPayloadBytes else {
            return .each(try jobs.map { try newJob($0, options) })
        }
        return .alike(try finish(draft(J.self, payload, options), options), count: jobs.count)
    }

    /// A job of a schedule, ready to be stored but for its time.
    func draft<J: Job>(_ type: J.Type, _ payload: String, _ options: EnqueueOptions) throws -> JobDraft {
        let queue = options.queue ?? J.queue
        guard !queue.isEmpty, !J.kind.isEmpty else {
            throw JobError(
                .invalidOptions, "Enqueueing a \(J.self): its queue or its kind is an empty text. Give it a name")
        }
        let runAt = try options.runAt ?? options.delay.map { try date(after: $0) }
        return JobDraft(
            kind: J.kind, version: J.version, payload: payload, queue: queue,
            priority: options.priority ?? J.priority, maximumAttemptCount: J.retryPolicy.maximumAttemptCount,
            runAt: runAt, tags: options.tags)
    }

    private func date(after delay: Duration) throws -> Date {
        Date(timeIntervalSince1970: Double(time(after: delay)) / 1000)
    }

    /// Lets the trace and the middleware in, and makes the columns ready.
    private func finish(_ draft: JobDraft, _ options: EnqueueOptions) throws -> JobStore.NewJob {
        var draft = draft
        if JobTrace.isActive { JobTrace.inject(into: &draft.metadata) }
        for middleware in configuration.middleware { try middleware.enqueue(&draft) }
        let runAt = draft.runAt.map(Self.milliseconds)
        let expiresAt = options.expiresAfter.map { wait in
            let (time, overflow) = max(runAt ?? .min, clock.milliseconds())
                .addingReportingOverflow(wait.wholeMilliseconds)
            return overflow ? .max : time
        }
        let uniqueness = try options.unique.map { unique in
            StoredUniqueness(
                key: try UniqueKey.make(
                    unique, kind: draft.kind, payload: draft.payload, now: clock.milliseconds()),
                scope: unique.scope, conflict: unique.conflict)
        }
        return try newJob(draft, runAt: runAt, expiresAt: expiresAt, uniqueness: uniqueness)
    }

    func newJob(
        _ draft: JobDraft, runAt: Int64?, expiresAt: Int64? = nil, uniqueness: StoredUniqueness? = nil
    ) throws -> JobStore.NewJob {
        JobStore.NewJob(
            queue: draft.queue, kind: draft.kind, version: draft.version, priority: draft.priority,
            maximumAttemptCount: draft.maximumAttemptCount, runAt: runAt, expiresAt: expiresAt,
            uniqueness: uniqueness, schedule: nil, slot: nil,
            tags: draft.tags.isEmpty ? nil : try JobHandlers.encode(draft.tags),
            metadata: draft.metadata.isEmpty ? nil : try JobHandlers.encode(draft.metadata), payload: draft.payload)
    }

    func encode<J: Job>(_ value: some Encodable, as type: J.Type) throws -> String {
        do {
            return try JobHandlers.encode(value)
        } catch {
            throw JobError(.unencodable, "Enqueueing a \(J.self): it cannot be encoded as JSON", underlying: error)
        }
    }
}
