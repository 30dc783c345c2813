import Foundation
import Testing

@testable import LiteDB

/// What each Swift type is stored as, and what it reads.
@Suite struct StoredFormTests {
    enum Kind: String, SQLConvertible { case draft, final }
    enum Level: Int, SQLConvertible { case low = 1, high = 9 }

    /// A value, its stored form, and whether reading that gives an equal value.
    private func expect<Value: SQLConvertible & Equatable>(
        _ value: Value, _ stored: SQLValue, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(value.sqlValue == stored, sourceLocation: sourceLocation)
        let read = try Value(sqlValue: stored)
        #expect(read == value, sourceLocation: sourceLocation)
    }

    private func expectMismatch<Value: SQLConvertible>(
        _ type: Value.Type, _ stored: SQLValue, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: DatabaseError.self, sourceLocation: sourceLocation) { try Value(sqlValue: stored) }
        #expect(error?.code == .typeMismatch, sourceLocation: sourceLocation)
    }

    @Test func `Bool is 0 or 1`() throws {
        try expect(true, .integer(1))
        try expect(false, .integer(0))
        #expect(try Bool(sqlValue: .integer(7)) && Bool(sqlValue: .real(0.5)))
        expectMismatch(Bool.self, .text("true"))
        expectMismatch(Bool.self, .null)
    }

    @Test func `integers of every width keep their ends`() throws {
        func ends<Value: FixedWidthInteger & SQLConvertible>(_ type: Value.Type) throws {
            for value in [Value.min, 0, 1, Value.max] { try expect(value, .integer(Int64(truncatingIfNeeded: value))) }
        }
        try ends(Int.self)
        try ends(Int8.self)
        try ends(Int16.self)
        try ends(Int32.self)
        try ends(Int64.self)
        try ends(UInt.self)
        try ends(UInt8.self)
        try ends(UInt16.self)
        try ends(UInt32.self)
        try ends(UInt64.self)
    }

    @Test func `an integer out of range is an error, not a wrap`() {
        expectMismatch(Int8.self, .integer(128))
        expectMismatch(Int16.self, .integer(-32_769))
        expectMismatch(Int32.self, .integer(1 << 31))
        expectMismatch(UInt8.self, .integer(-1))
        expectMismatch(UInt32.self, .integer(1 << 32))
        expectMismatch(Int.self, .real(1.5))
        expectMismatch(Int.self, .real(1e300))
        expectMismatch(Int.self, .real(.nan))
        expectMismatch(Int.self, .text("1"))
        expectMismatch(Int.self, .null)
        #expect(throws: Never.self) { try Int(sqlValue: .real(3)) }
    }

    @Test func `Double is REAL, and reads INTEGER`() throws {
        for value in [0, -0.0, 1.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, -.infinity] {
            try expect(value, .real(value))
        }
        #expect(Double.nan.sqlValue == .null)
        #expect(try Double(sqlValue: .integer(3)) == 3)
        #expect(try Float(sqlValue: .real(0.5)) == 0.5)
        expectMismatch(Double.self, .text("1.5"))
        expectMismatch(Double.self, .null)
    }

    @Test(arguments: [
        "", "plain", "grüße, 世界 🎈", "a\0b", "\0", "'; DROP TABLE notes; --", String(repeating: "x", count: 100_000),
    ])
    func `String is TEXT, whatever is in it`(text: String) throws {
        try expect(text, .text(text))
    }

    @Test func `String reads bytes that are UTF-8, and nothing else`() throws {
        #expect(try String(sqlValue: .blob(Array("ä".utf8))) == "ä")
        expectMismatch(String.self, .blob([0xff, 0xfe]))
        expectMismatch(String.self, .integer(1))
        expectMismatch(String.self, .null)
    }

    @Test func `bytes are BLOB, and empty ones are not NULL`() throws {
        for bytes: [UInt8] in [[], [0], [0xff, 0, 0x80]] {
            try expect(bytes, .blob(bytes))
            try expect(Data(bytes), .blob(bytes))
        }
        expectMismatch([UInt8].self, .null)
        expectMismatch(Data.self, .integer(1))
    }

    @Test func `Date is INTEGER milliseconds`() throws {
        try expect(Date(timeIntervalSince1970: 1_700_000_000.123), .integer(1_700_000_000_123))
        try expect(Date(timeIntervalSince1970: -0.5), .integer(-500))
        #expect(Date(timeIntervalSince1970: 0.0006).sqlValue == .integer(1))
        try expect(Date.distantFuture, .integer(Int64(Date.distantFuture.timeIntervalSince1970) * 1000))
    }

    @Test func `a Date too far away is stored as the farthest one, and does not end the process`() {
        #expect(Date(timeIntervalSince1970: .infinity).sqlValue == .integer(.max))
        #expect(Date(timeIntervalSince1970: -1e300).sqlValue == .integer(.min))
        #expect(Date(timeIntervalSince1970: .nan).sqlValue == .null)
    }

    @Test(arguments: [
        SQLValue.real(1_700_000_000.5), .text("2023-11-14T22:13:20.500Z"), .text("2023-11-14 22:13:20.500"),
        .text("2023-11-15T00:13:20.5+02:00"), .text("2023-11-14T22:13:20.5"),
    ])
    func `Date reads the usual other forms`(stored: SQLValue) throws {
        let date = try Date(sqlValue: stored)
        #expect(abs(date.timeIntervalSince1970 - 1_700_000_000.5) < 0.001)
    }

    @Test(arguments: [
        ("2023-11-14", 1_699_920_000), ("2023-11-14 22:13", 1_700_000_000 - 20),
        ("2023-11-14T22:13:20Z", 1_700_000_000),
        ("2023-11-14T22:13Z", 1_700_000_000 - 20), ("2023-11-14T22:13+00:00", 1_700_000_000 - 20),
    ])
    func `Date reads shorter texts`(text: String, seconds: Int) throws {
        #expect(try Date(sqlValue: .text(text)).timeIntervalSince1970 == Double(seconds))
    }

    @Test(arguments: [
        "", "x", "yesterday", "2023-13-45", "2023-11-14T", "2023-11-14T22:13:2", "2023-11-14T22:13:", "2023-11-14 22:1",
        "ääääääääää", "----------------", "0000-00-00 00:00:00",
    ])
    func `a text that is no Date is an error, and does not end the process`(text: String) {
        expectMismatch(Date.self, .text(text))
    }

    @Test func `UUID is a BLOB of 16 bytes, and reads text`() throws {
        let value = try #require(UUID(uuidString: "00112233-4455-6677-8899-AABBCCDDEEFF"))
        try expect(value, .blob((0...15).map { UInt8($0 * 0x11) }))
        #expect(try UUID(sqlValue: .text("00112233-4455-6677-8899-aabbccddeeff")) == value)
        expectMismatch(UUID.self, .blob([1, 2, 3]))
        expectMismatch(UUID.self, .text("no"))
        expectMismatch(UUID.self, .null)
    }

    @Test func `nil is NULL`() throws {
        try expect(Optional<Int>.none, .null)
        try expect(Optional(3), .integer(3))
        try expect(Optional(""), .text(""))
        #expect(throws: DatabaseError.self) { try Int?(sqlValue: .text("x")) }
    }

    @Test func `an enum is its raw value, and one without a case is an error`() throws {
        try expect(Kind.final, .text("final"))
        try expect(Level.high, .integer(9))
        expectMismatch(Kind.self, .text("other"))
        expectMismatch(Level.self, .integer(2))
        expectMismatch(Level.self, .text("low"))
    }

    @Test func `a JSON column is text with sorted keys`() throws {
        struct Address: Codable, Sendable, Equatable { var street: String; var city: String? }
        let column = try JSONColumn(Address(street: "Main/1", city: nil))
        #expect(column.sqlValue == .text(#"{"street":"Main/1"}"#))
        #expect(
            try JSONColumn<Address>(sqlValue: .text(#"{"city":"B","street":"S"}"#)).value
                == Address(street: "S", city: "B"))
        #expect(throws: DecodingError.self) { try JSONColumn<Address>(sqlValue: .text("{}")) }
        expectMismatch(JSONColumn<Address>.self, .null)
    }

    @Test func `an error never shows the value`() {
        let error = #expect(throws: DatabaseError.self) { try Int(sqlValue: .text("secret")) }
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains("TEXT") == true)
    }
}
