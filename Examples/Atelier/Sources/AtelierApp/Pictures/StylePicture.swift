import LiteJobs

/// The job that makes the styled picture.
struct StylePicture: Job {
    static let kind = "style-picture"
    static let retryPolicy = RetryPolicy.exponential(maximumAttemptCount: 5)

    let picture: Int64
}
