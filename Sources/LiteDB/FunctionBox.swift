import CLiteStackSQLite

/// Keeps a user's function alive for as long as its connection, and calls it for SQLite.
final class FunctionBox {
    private let function: SQLFunction

    private init(_ function: SQLFunction) {
        self.function = function
    }

    static func install(_ function: SQLFunction, on connection: Connection) throws -> FunctionBox {
        let box = FunctionBox(function)
        let flags = SQLITE_UTF8 | SQLITE_DIRECTONLY | (function.isDeterministic ? SQLITE_DETERMINISTIC : 0)
        // A deterministic function may stand in an index or a generated column, which DIRECTONLY would forbid.
        let allowed = function.isDeterministic ? flags & ~SQLITE_DIRECTONLY | SQLITE_INNOCUOUS : flags
        let code = sqlite3_create_function_v2(
            connection.handle, function.name, Int32(function.argumentCount ?? -1), allowed,
            Unmanaged.passUnretained(box).toOpaque(),
            { context, count, values in
                guard let data = sqlite3_user_data(context) else { return }
                Unmanaged<FunctionBox>.fromOpaque(data).takeUnretainedValue().call(context, count, values)
            }, nil, nil, nil)
        guard code == SQLITE_OK else {
            throw connection.error(code, doing: "Registering the function \(function.name)")
        }
        return box
    }

    private func call(_ context: OpaquePointer?, _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?) {
        let arguments = (0..<Int(count)).map { Self.value(values?[$0]) }
        do {
            Self.give(try function.body(arguments), to: context)
        } catch {
            sqlite3_result_error(context, "function \(function.name): \(error)", -1)
        }
    }

    private static func value(_ stored: OpaquePointer?) -> SQLValue {
        switch sqlite3_value_type(stored) {
        case SQLITE_INTEGER: return .integer(sqlite3_value_int64(stored))
        case SQLITE_FLOAT: return .real(sqlite3_value_double(stored))
        case SQLITE_TEXT:
            let start = sqlite3_value_text(stored)
            let count = Int(sqlite3_value_bytes(stored))
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_value_blob(stored)
            let count = Int(sqlite3_value_bytes(stored))
            return .blob([UInt8](UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)))
        default: return .null
        }
    }

    private static func give(_ value: SQLValue, to context: OpaquePointer?) {
        switch value {
        case .null: sqlite3_result_null(context)
        case .integer(let integer): sqlite3_result_int64(context, integer)
        case .real(let real): sqlite3_result_double(context, real)
        case .text(var text):
            text.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) { bytes in
                    guard let count = Int32(exactly: bytes.count) else { return sqlite3_result_error_toobig(context) }
                    // An empty Swift string can have no address; SQLite would give NULL.
                    guard let start = bytes.baseAddress else { return litestack_result_text(context, "", 0) }
                    litestack_result_text(context, start, count)
                }
            }
        case .blob(let blob):
            blob.withUnsafeBytes { bytes in
                guard let count = Int32(exactly: bytes.count) else { return sqlite3_result_error_toobig(context) }
                litestack_result_blob(context, bytes.baseAddress, count)
            }
        }
    }
}
