#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Any `Codable` value as a column of JSON text, with keys in alphabetical order.
///
/// ```swift
/// try transaction.execute("INSERT INTO orders (address) VALUES (\(JSONColumn(address)))")
/// ```
public struct JSONColumn<Value: Codable & Sendable>: SQLConvertible {
    /// The value. To store another one make a new column of it.
    public let value: Value
    private let text: String

    /// Encodes the value.
    ///
    /// - Throws: The `EncodingError` of the value.
    public init(_ value: Value) throws {
        self.value = value
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        text = String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// TEXT in JSON.
    public var sqlValue: SQLValue { .text(text) }

    /// Decodes TEXT, or a BLOB of UTF-8, in JSON.
    public init(sqlValue: SQLValue) throws {
        text = try String(sqlValue: sqlValue)
        value = try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}
