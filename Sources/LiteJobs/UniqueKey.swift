import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What two jobs that are alike have in common, as text.
///
/// It is the text itself and not a hash of it: nobody can make two different jobs look alike.
enum UniqueKey {
    /// The longest key, in bytes: it stands in an index.
    static let maximumBytes = 2_048

    static func make(_ uniqueness: Uniqueness, kind: String, payload: String, now: Int64) throws -> String {
        var parts = [kind]
        switch uniqueness.subject {
        case .key(let key): parts.append("k:" + key)
        case .arguments: parts.append("a:" + (try canonical(payload)))
        case .fields(let names): parts.append("f:" + (try fields(names, of: payload, kind)))
        }
        if let period = uniqueness.period {
            let length = max(period.wholeMilliseconds, 1)
            parts.append("p:\(length):\(now / length)")
        }
        let key = parts.joined(separator: "|")
        guard key.utf8.count <= maximumBytes else {
            throw JobError(
                .invalidOptions,
                "Enqueueing a unique job of the kind \"\(kind)\": what it is compared by has \(key.utf8.count) bytes, of "
                    + "\(maximumBytes) at most. Compare by fewer fields, or by a key of your own")
        }
        return key
    }

    private static func canonical(_ payload: String) throws -> String {
        try text(of: try JSONDecoder().decode(JSONValue.self, from: Data(payload.utf8)))
    }

    private static func fields(_ names: [String], of payload: String, _ kind: String) throws -> String {
        guard case .object(let members) = try JSONDecoder().decode(JSONValue.self, from: Data(payload.utf8)) else {
            throw JobError(
                .invalidOptions,
                "Enqueueing a unique job of the kind \"\(kind)\": its stored form has no fields. Compare by a key")
        }
        var chosen: [String: JSONValue] = [:]
        for name in names {
            guard let value = members[name] else {
                throw JobError(
                    .invalidOptions,
                    "Enqueueing a unique job of the kind \"\(kind)\": its stored form has no field \"\(name)\" (a nil "
                        + "property is not stored). The fields are \(members.keys.sorted().joined(separator: ", "))")
            }
            chosen[name] = value
        }
        return try text(of: .object(chosen))
    }

    private static func text(of value: JSONValue) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// Any JSON.
private enum JSONValue: Codable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case decimal(Decimal)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {  // a wrong guess; the next one is tried
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {  // the same
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {  // the same
            self = .unsigned(value)
        } else if let value = try? container.decode(Decimal.self) {  // the same
            self = .decimal(value)
        } else if let value = try? container.decode(Double.self) {  // the same
            self = .number(value)
        } else if let value = try? container.decode(String.self) {  // the same
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {  // the same
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .decimal(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
