/// Where a write closure leaves its result for its caller.
///
/// `@unchecked Sendable`: the writer stores before it resumes the caller, who reads after that.
@usableFromInline
final class WriteResult<Value: Sendable>: @unchecked Sendable {
    @usableFromInline var value: Value?

    @usableFromInline
    init() {}

    /// The result of a write that was committed.
    @usableFromInline
    func take() -> Value {
        guard let value else { preconditionFailure("a write finished without an error and without having run") }
        return value
    }
}
