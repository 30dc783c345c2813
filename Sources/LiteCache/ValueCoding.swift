import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Turns values into their stored form and back.
struct ValueCoding: Sendable {
    let coder: any CacheCoder
    let compresses: Bool

    /// - Throws: `CacheError` with `unencodable`.
    func stored<Value: Encodable>(_ value: Value) throws -> StoredValue {
        // By the type, not by casts: an empty array of any type casts to bytes, and an optional to what it holds.
        if Value.self == [UInt8].self { return compressed(same(value, as: [UInt8].self)) }
        if Value.self == String.self { return StoredValue(.text(same(value, as: String.self))) }
        if Value.self == Data.self { return compressed(Array(same(value, as: Data.self))) }
        if Value.self is any BinaryInteger.Type, let number = value as? any BinaryInteger,
            let integer = Int64(exactly: number)
        {
            return StoredValue(.integer(integer))
        }
        if Value.self == Double.self || Value.self == Float.self,
            let real = value as? Double ?? (value as? Float).map(Double.init), !real.isNaN
        {
            return StoredValue(.real(real))
        }
        do {
            return compressed(try coder.encode(value), flags: .coded)
        } catch {
            throw CacheError(
                .unencodable, "Storing a \(type(of: value)): the coder cannot encode it", underlying: error)
        }
    }

    /// - Throws: `CacheError` with `undecodable`, naming the key and the type.
    func value<Value: Decodable>(_ stored: StoredValue, as type: Value.Type, key: String) throws -> Value {
        var failure: (any Error)?
        do {
            if let value = try decoded(stored, as: type) { return value }
        } catch {
            failure = error
        }
        throw CacheError(
            .undecodable,
            "Reading the entry \(key) as \(type): a value of another form was stored. It is still there; use another "
                + "key, or delete it",
            underlying: failure)
    }

    private func decoded<Value: Decodable>(_ stored: StoredValue, as type: Value.Type) throws -> Value? {
        let known: StoredValue.Flags = [.coded, .compressed]
        guard stored.flags.isSubset(of: known) else { return nil }
        switch stored.content {
        case .null: return nil
        case .text(let text):
            if type == String.self { return same(text, as: type) }
            return nil
        case .integer(let integer): return number(integer, as: type)
        case .real(let real):
            if type == Double.self { return same(real, as: type) }
            if type == Float.self { return Float(real) as? Value }
            return nil
        case .blob(var bytes):
            if stored.flags.contains(.compressed) { bytes = try Compression.expand(bytes) }
            if stored.flags.contains(.coded) { return try coder.decode(type, from: bytes) }
            if type == [UInt8].self { return same(bytes, as: type) }
            if type == Data.self { return Data(bytes) as? Value }
            return nil
        }
    }

    private func number<Value: Decodable>(_ integer: Int64, as type: Value.Type) -> Value? {
        if type == Int.self, let integer = Int(exactly: integer) { return same(integer, as: type) }
        if type == Int64.self { return same(integer, as: type) }
        if type == Double.self { return Double(integer) as? Value }
        guard let wanted = type as? any BinaryInteger.Type else { return nil }
        return exactly(integer, as: wanted) as? Value
    }

    /// The value as the type that it is known to be: a dynamic cast takes longer than the read.
    @inline(__always)
    private func same<Known, Value>(_ value: Known, as type: Value.Type) -> Value {
        unsafeBitCast(value, to: type)
    }

    private func exactly<Wanted: BinaryInteger>(_ integer: Int64, as type: Wanted.Type) -> Wanted? {
        Wanted(exactly: integer)
    }

    private func compressed(_ bytes: [UInt8], flags: StoredValue.Flags = []) -> StoredValue {
        guard compresses, let smaller = Compression.compress(bytes) else {
            return StoredValue(.blob(bytes), flags: flags)
        }
        return StoredValue(.blob(smaller), flags: flags.union(.compressed))
    }
}
