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
/// ``JobContext/complete(_:)``.
public protocol Job: Codable, Sendable {
    /// The name under which jobs of this type are stored. Keep it when you rename the type.
    static var kind: String { get }
    /// The version of the stored form. Default 1. Raise it when an older release could not decode the new form: its
    /// workers then leave such jobs to the newer ones.
    static var version: Int { get }
    /// The queue that jobs of this type wait in. Default `"default"`.
    static var queue: String { get }
    /// Of the jobs in a queue, those with a higher priority run first. Default 0.
    static var priority: Int { get }
    /// How often a job that throws is tried again, and when. Default ``RetryPolicy/standard``.
    static var retryPolicy: RetryPolicy { get }
}

extension Job {
    /// 1.
    public static var version: Int { 1 }
    /// `"default"`.
    public static var queue: String { "default" }
    /// 0.
    public static var priority: Int { 0 }
    /// ``RetryPolicy/standard``.
    public static var retryPolicy: RetryPolicy { .standard }
}
