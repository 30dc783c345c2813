/// A type that can be bound to a statement and read from a column.
///
/// The integers, `Bool`, `Double`, `Float`, `String`, `[UInt8]`, `Date` and `UUID` conform, and so does an
/// `Optional` of each. An enum with a raw value conforms by declaring it; any `Codable` value is stored as JSON text
/// by ``JSONColumn``.
public protocol SQLConvertible: Sendable {
    /// The stored form.
    var sqlValue: SQLValue { get }

    /// Reads the stored form back.
    ///
    /// - Throws: `DatabaseError` with `typeMismatch` if the column does not hold such a value.
    init(sqlValue: SQLValue) throws
}

extension SQLConvertible {
    /// The error for a stored value that is not a `Self`. It names the types and never the value.
    @usableFromInline
    static func mismatch(_ value: SQLValue) -> DatabaseError {
        DatabaseError(
            .typeMismatch,
            "Reading a column as \(Self.self): it holds \(value.storageClass), or a value out of range. "
                + "Read it as the type that was stored")
    }
}

extension RawRepresentable where Self: SQLConvertible, RawValue: SQLConvertible {
    /// The raw value's stored form.
    @inlinable
    public var sqlValue: SQLValue { rawValue.sqlValue }

    /// Reads a raw value, and refuses one that has no case.
    @inlinable
    public init(sqlValue: SQLValue) throws {
        guard let value = Self(rawValue: try RawValue(sqlValue: sqlValue)) else { throw Self.mismatch(sqlValue) }
        self = value
    }
}

extension Optional: SQLConvertible where Wrapped: SQLConvertible {
    /// NULL, or the wrapped value's stored form.
    @inlinable
    public var sqlValue: SQLValue {
        switch self {
        case .none: .null
        case .some(let value): value.sqlValue
        }
    }

    /// Reads NULL as nil.
    @inlinable
    public init(sqlValue: SQLValue) throws {
        if case .null = sqlValue {
            self = .none
        } else {
            self = .some(try Wrapped(sqlValue: sqlValue))
        }
    }
}
