#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Decodes a `Decodable` type from a row, by the names of its columns.
///
/// A property that is ``SQLConvertible`` is read in its stored form; any other `Decodable` property is read as JSON
/// text. A missing column and NULL are both nil for an optional property.
struct RowDecoder: Decoder {
    let columns: [String: SQLValue]
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    init(_ row: borrowing Row) {
        var columns: [String: SQLValue] = [:]
        for index in 0..<row.columnCount {
            let name = row.columnName(index)
            if columns[name] == nil { columns[name] = row.value(index) }
        }
        self.columns = columns
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RowContainer<Key>(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw DecodingError.typeMismatch(
            [Any].self, .init(codingPath: [], debugDescription: "A row decodes into a type with named properties"))
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        throw DecodingError.typeMismatch(
            Any.self,
            .init(codingPath: [], debugDescription: "A row decodes into a type with named properties; use `as:`"))
    }
}

private struct RowContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: RowDecoder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { decoder.columns.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool {
        decoder.columns[key.stringValue] != nil
    }

    func decodeNil(forKey key: Key) -> Bool {
        decoder.columns[key.stringValue] ?? .null == .null
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        guard let stored = decoder.columns[key.stringValue] else {
            let names = decoder.columns.keys.sorted().joined(separator: ", ")
            throw DatabaseError(
                .noSuchColumn, "Decoding \(key.stringValue): the row has the columns \(names)")
        }
        if let convertible = type as? any SQLConvertible.Type {
            guard let value = try convertible.init(sqlValue: stored) as? Value else {
                throw DatabaseError(.typeMismatch, "Decoding \(key.stringValue) as \(type)")
            }
            return value
        }
        return try JSONDecoder().decode(type, from: Data([UInt8](sqlValue: stored)))
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        throw nested(key)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw nested(key)
    }

    func superDecoder() throws -> any Decoder { decoder }

    func superDecoder(forKey key: Key) throws -> any Decoder { decoder }

    private func nested(_ key: Key) -> DatabaseError {
        DatabaseError(
            .typeMismatch, "Decoding \(key.stringValue): declare the property as a Decodable type, stored as JSON")
    }
}
