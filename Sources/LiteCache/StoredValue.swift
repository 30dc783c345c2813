#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A value as it stands in an entry: bytes, `Data` and strings as they are, everything else as JSON.
struct StoredValue: Sendable, Hashable {
    enum Format: Int, Sendable {
        case plain = 0
        case json = 1
    }

    let format: Format
    let bytes: [UInt8]

    init(format: Format, bytes: [UInt8]) {
        self.format = format
        self.bytes = bytes
    }

    init(_ value: some Encodable) throws {
        switch value {
        case let value as [UInt8]: self.init(format: .plain, bytes: value)
        case let value as Data: self.init(format: .plain, bytes: Array(value))
        case let value as String: self.init(format: .plain, bytes: Array(value.utf8))
        default:
            do {
                self.init(format: .json, bytes: Array(try JSONEncoder().encode(value)))
            } catch {
                throw CacheError(
                    .unencodable, "Storing a \(type(of: value)): it cannot be encoded as JSON", underlying: error)
            }
        }
    }

    /// The value, if it was stored as this type, or as one with the same form.
    ///
    /// - Throws: `CacheError` with `undecodable`.
    func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
        var failure: (any Error)?
        switch format {
        case .plain:
            if let value = plain(as: type) as? Value { return value }
        case .json:
            do {
                return try JSONDecoder().decode(type, from: Data(bytes))
            } catch {
                failure = error
            }
        }
        throw CacheError(
            .undecodable,
            "Reading an entry as \(type): a value of another type was stored. Use another key, or delete the entry",
            underlying: failure)
    }

    private func plain(as type: any Decodable.Type) -> Any? {
        switch type {
        case is [UInt8].Type: bytes
        case is Data.Type: Data(bytes)
        case is String.Type: String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }
}
