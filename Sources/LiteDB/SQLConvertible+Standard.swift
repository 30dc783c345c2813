extension FixedWidthInteger where Self: SQLConvertible {
    /// INTEGER. A `UInt64` above `Int64.max` is stored as its bit pattern, a negative integer.
    @inlinable
    public var sqlValue: SQLValue { .integer(Int64(truncatingIfNeeded: self)) }

    /// Reads INTEGER, and REAL that is a whole number.
    @inlinable
    public init(sqlValue: SQLValue) throws {
        switch sqlValue {
        case .integer(let stored):
            if let exact = Self(exactly: stored) {
                self = exact
            } else if Self.bitWidth == 64, !Self.isSigned {
                self = Self(truncatingIfNeeded: stored)
            } else {
                throw Self.mismatch(sqlValue)
            }
        case .real(let stored):
            guard let exact = Self(exactly: stored) else { throw Self.mismatch(sqlValue) }
            self = exact
        default:
            throw Self.mismatch(sqlValue)
        }
    }
}

extension Int: SQLConvertible {}
extension Int8: SQLConvertible {}
extension Int16: SQLConvertible {}
extension Int32: SQLConvertible {}
extension Int64: SQLConvertible {}
extension UInt: SQLConvertible {}
extension UInt8: SQLConvertible {}
extension UInt16: SQLConvertible {}
extension UInt32: SQLConvertible {}
extension UInt64: SQLConvertible {}

extension Bool: SQLConvertible {
    /// INTEGER 0 or 1.
    @inlinable
    public var sqlValue: SQLValue { .integer(self ? 1 : 0) }

    /// Reads 0 as false and any other number as true.
    @inlinable
    public init(sqlValue: SQLValue) throws {
        switch sqlValue {
        case .integer(let stored): self = stored != 0
        case .real(let stored): self = stored != 0
        default: throw Self.mismatch(sqlValue)
        }
    }
}

extension Double: SQLConvertible {
    /// REAL. NaN is stored as NULL, since SQLite has no NaN.
    @inlinable
    public var sqlValue: SQLValue { isNaN ? .null : .real(self) }

    /// Reads REAL and INTEGER.
    @inlinable
    public init(sqlValue: SQLValue) throws {
        switch sqlValue {
        case .real(let stored): self = stored
        case .integer(let stored): self = Double(stored)
        default: throw Self.mismatch(sqlValue)
        }
    }
}

extension Float: SQLConvertible {
    /// REAL.
    @inlinable
    public var sqlValue: SQLValue { Double(self).sqlValue }

    /// Reads REAL and INTEGER, rounded to the nearest `Float`.
    @inlinable
    public init(sqlValue: SQLValue) throws {
        self = Float(try Double(sqlValue: sqlValue))
    }
}

extension String: SQLConvertible {
    /// TEXT.
    @inlinable
    public var sqlValue: SQLValue { .text(self) }

    /// Reads TEXT, and a BLOB that is valid UTF-8.
    @inlinable
    public init(sqlValue: SQLValue) throws {
        switch sqlValue {
        case .text(let stored): self = stored
        case .blob(let stored):
            guard let text = String(validating: stored, as: UTF8.self) else { throw Self.mismatch(sqlValue) }
            self = text
        default: throw Self.mismatch(sqlValue)
        }
    }
}

extension Array: SQLConvertible where Element == UInt8 {
    /// BLOB.
    @inlinable
    public var sqlValue: SQLValue { .blob(self) }

    /// Reads BLOB, and TEXT as its UTF-8 bytes.
    @inlinable
    public init(sqlValue: SQLValue) throws {
        switch sqlValue {
        case .blob(let stored): self = stored
        case .text(let stored): self = Array(stored.utf8)
        default: throw Self.mismatch(sqlValue)
        }
    }
}
