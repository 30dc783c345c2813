#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How values that are neither bytes nor text nor numbers are written: JSON, unless you give another.
///
/// Changing the coder of a file makes what is in it `undecodable`; `fetch` computes such values anew.
public protocol CacheCoder: Sendable {
    /// The value's bytes.
    func encode(_ value: some Encodable) throws -> [UInt8]

    /// The value of bytes that ``encode(_:)`` made, perhaps in another release.
    func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value
}

/// Foundation's JSON with its default forms.
public struct JSONCacheCoder: CacheCoder {
    /// The coder.
    public init() {}

    /// The value as JSON.
    public func encode(_ value: some Encodable) throws -> [UInt8] {
        Array(try JSONEncoder().encode(value))
    }

    /// The value of JSON.
    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

extension CacheCoder where Self == JSONCacheCoder {
    /// Foundation's JSON.
    public static var json: JSONCacheCoder { JSONCacheCoder() }
}
