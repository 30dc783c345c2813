/// What went wrong in opening a stack.
///
/// Errors of its parts pass through as they are.
public struct StackError: Error, Sendable, CustomStringConvertible {
    /// What kind of error it is. Match with `==`; new codes can appear in any release.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, as it stands in logs.
        public let description: String

        init(_ name: String) {
            description = name
        }

        /// The folder could not be made, or not be made private.
        public static let folder = Self("folder")
        /// A setting has a value that it cannot have. With the trait `Configuration`.
        public static let configuration = Self("configuration")
    }

    /// The kind of error.
    public let code: Code
    /// What was tried, what happened, and what to do.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
