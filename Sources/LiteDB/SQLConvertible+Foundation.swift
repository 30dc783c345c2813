#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

extension Date: SQLConvertible {
    /// INTEGER milliseconds since 1970-01-01 00:00:00 UTC, rounded to the nearest.
    ///
    /// A date beyond 292 million years is stored as the farthest one, and one that is not a number as NULL.
    public var sqlValue: SQLValue {
        let milliseconds = (timeIntervalSince1970 * 1000).rounded()
        if milliseconds.isNaN { return .null }
        return .integer(Int64(exactly: milliseconds) ?? (milliseconds < 0 ? .min : .max))
    }

    /// Reads INTEGER as milliseconds, REAL as seconds since 1970 UTC, and TEXT as ISO 8601, also with a space instead
    /// of the `T` and without a time zone, which then is UTC (the form of GRDB and of SQLite's `datetime()`).
    public init(sqlValue: SQLValue) throws {
        switch sqlValue {
        case .integer(let milliseconds): self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
        case .real(let seconds): self.init(timeIntervalSince1970: seconds)
        case .text(let text):
            guard let date = Date.parsed(text) else { throw Self.mismatch(sqlValue) }
            self = date
        default: throw Self.mismatch(sqlValue)
        }
    }

    private static func parsed(_ text: String) -> Date? {
        var form = Array(text.utf8)
        if form.count == 10 { form += Array("T00:00:00".utf8) }
        guard form.count >= 16, form[4] == UInt8(ascii: "-") else { return nil }
        if form[10] == UInt8(ascii: " ") { form[10] = UInt8(ascii: "T") }
        // Hours and minutes alone, with or without a time zone behind them.
        if form.count == 16 || form[16] != UInt8(ascii: ":") { form.insert(contentsOf: ":00".utf8, at: 16) }
        guard form.count >= 19 else { return nil }
        let zone = form[19...]
        let hasZone = zone.contains { $0 == UInt8(ascii: "Z") || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        if !hasZone { form.append(UInt8(ascii: "Z")) }
        let whole = String(decoding: form, as: UTF8.self)
        // A failed attempt of one format is not an error: the next one may fit.
        return (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(whole))
            ?? (try? Date.ISO8601FormatStyle().parse(whole))
    }
}

extension UUID: SQLConvertible {
    /// BLOB of the 16 bytes.
    public var sqlValue: SQLValue {
        let bytes = uuid
        return .blob([
            bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5, bytes.6, bytes.7,
            bytes.8, bytes.9, bytes.10, bytes.11, bytes.12, bytes.13, bytes.14, bytes.15,
        ])
    }

    /// Reads a BLOB of 16 bytes, and TEXT in the usual form.
    public init(sqlValue: SQLValue) throws {
        switch sqlValue {
        case .blob(let b) where b.count == 16:
            self.init(
                uuid: (
                    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
                    b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]
                ))
        case .text(let text):
            guard let value = UUID(uuidString: text) else { throw Self.mismatch(sqlValue) }
            self = value
        default: throw Self.mismatch(sqlValue)
        }
    }
}

extension Data: SQLConvertible {
    /// BLOB.
    public var sqlValue: SQLValue { .blob([UInt8](self)) }

    /// Reads BLOB, and TEXT as its UTF-8 bytes.
    public init(sqlValue: SQLValue) throws {
        self.init(try [UInt8](sqlValue: sqlValue))
    }
}
