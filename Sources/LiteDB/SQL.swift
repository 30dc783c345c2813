/// One SQL statement with its arguments.
///
/// Interpolated values are bound, never pasted into the text, so that no value can change what a statement does:
///
/// ```swift
/// try snapshot.first("SELECT title FROM books WHERE id = \(id)", as: String.self)
/// ```
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The text, with a `?` for each argument.
    public var text: String
    /// The arguments, in the order of the placeholders.
    public var arguments: [SQLValue]

    /// Creates a statement from text with placeholders and the values for them.
    ///
    /// The count is checked when the statement runs.
    public init(_ text: String, arguments: [SQLValue] = []) {
        self.text = text
        self.arguments = arguments
    }

    /// Creates a statement without arguments.
    @inlinable
    public init(stringLiteral value: String) {
        text = value
        arguments = []
    }

    /// Creates a statement from an interpolated string.
    @inlinable
    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        arguments = stringInterpolation.arguments
    }

    /// Collects the text and binds what is interpolated.
    public struct StringInterpolation: StringInterpolationProtocol {
        @usableFromInline var text = ""
        @usableFromInline var arguments: [SQLValue] = []

        /// Reserves room.
        @inlinable
        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount)
            arguments.reserveCapacity(interpolationCount)
        }

        /// Appends SQL text.
        @inlinable
        public mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        /// Binds a value.
        @inlinable
        public mutating func appendInterpolation(_ value: some SQLConvertible) {
            text += "?"
            arguments.append(value.sqlValue)
        }

        /// Binds a value, or NULL.
        @inlinable
        public mutating func appendInterpolation<Value: SQLConvertible>(_ value: Value?) {
            text += "?"
            arguments.append(value.sqlValue)
        }

        /// Binds each of the values, separated by commas: `IN (\(list: ids))`.
        ///
        /// An empty list gives `NULL`, which no value is in.
        public mutating func appendInterpolation(list values: some Collection<some SQLConvertible>) {
            guard !values.isEmpty else {
                text += "NULL"
                return
            }
            text += Array(repeating: "?", count: values.count).joined(separator: ", ")
            arguments += values.map(\.sqlValue)
        }

        /// Pastes a name of a table or column, quoted.
        public mutating func appendInterpolation(identifier name: String) {
            text += SQL.quoted(name)
        }

        /// Inserts another statement's text and arguments.
        public mutating func appendInterpolation(_ sql: SQL) {
            text += sql.text
            arguments += sql.arguments
        }

        /// Pastes text as it is. Never pass anything that a user typed.
        public mutating func appendInterpolation(raw text: String) {
            self.text += text
        }
    }

    /// A name in double quotes, with those inside doubled (https://sqlite.org/lang_keywords.html).
    static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
