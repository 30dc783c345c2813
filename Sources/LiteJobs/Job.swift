#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A piece of work that is stored, and done later by a worker: its properties are what the work needs to know.
///
/// ```swift
/// struct StyleDrawing: Job {
///     static let kind = "style-drawing"
///     var drawing: Int
/// }
/// ```
///
/// Handlers run at least once: a worker can die after the work and before it is recorded. Make what they do outside
/// the database repeatable (``JobContext/idempotencyKey``), and what they do in it part of
/// ``JobContext/complete(output:_:)``.
public protocol Job: Codable, Sendable {
    /// What the handler returns and `JobHandle.value` gives: `Void` unless you say `typealias Output = …` with a
    /// `Codable` type, which is stored with the job.
    associatedtype Output: Sendable = Void
    /// The name under which jobs of this type are stored. Keep it when you rename the type.
    static var kind: String { get }
    /// Names under which earlier releases stored jobs of this type. Default none. A worker runs them too.
    static var aliases: [String] { get }
    /// The version of the stored form. Default 1. Raise it when an older release could not decode the new form: its
    /// workers then leave such jobs to the newer ones.
    static var version: Int { get }
    /// The queue that jobs of this type wait in. Default `"default"`.
    static var queue: String { get }
    /// Of the jobs in a queue, those with a higher priority run first. Default 0. Kept across retries.
    static var priority: Int { get }
    /// How often a job that throws is tried again, and when. Default ``RetryPolicy/standard``.
    static var retryPolicy: RetryPolicy { get }
    /// How long an attempt may take, not counting the time in which the machine sleeps. Default nil: as long as it takes.
    /// Past it the attempt's task is cancelled; what the handler then throws counts as a failure, and if it returns all the
    /// same the job is completed.
    static var timeout: Duration? { get }
    /// How long completed jobs of this type are kept. Default nil: as the queue's configuration says. Zero removes
    /// them in the transaction that completes them, which is the fastest.
    static var completedRetention: Duration? { get }
    /// Decodes the stored form of an older version.
    ///
    /// Called for a version that is smaller than ``version``. The default decodes it as if it were the present one.
    ///
    /// - Throws: Anything: the job is then dead, with the reason `undecodable` and its stored form kept.
    static func migrate(from version: Int, _ payload: Data) throws -> Self
}

extension Job {
    /// None.
    public static var aliases: [String] { [] }
    /// 1.
    public static var version: Int { 1 }
    /// `"default"`.
    public static var queue: String { "default" }
    /// 0.
    public static var priority: Int { 0 }
    /// ``RetryPolicy/standard``.
    public static var retryPolicy: RetryPolicy { .standard }
    /// Nil.
    public static var timeout: Duration? { nil }
    /// Nil.
    public static var completedRetention: Duration? { nil }
    /// Decodes it as the present version.
    public static func migrate(from version: Int, _ payload: Data) throws -> Self {
        try JSONDecoder().decode(Self.self, from: payload)
    }
}

/// A job that does its work itself: registered with `JobHandlers.handle`.
public protocol RunnableJob: Job {
    /// Does the work. See `JobHandlers.handle`.
    func run(in context: JobContext) async throws -> Output
}
