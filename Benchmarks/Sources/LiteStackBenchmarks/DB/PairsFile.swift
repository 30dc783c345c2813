import Foundation
import LiteDB

/// A file of text keys and blobs of 100 bytes, and what to read and write in it.
///
/// The table is WITHOUT ROWID, as SQLite advises for small rows with a text key (https://sqlite.org/withoutrowid.html).
struct PairsFile: Sendable {
    static let select = "SELECT value FROM pairs WHERE key = ?"
    static let upsert =
        "INSERT INTO pairs (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"

    let path: String
    let keys: [String]
    /// Values to write. Changing ones: SQLite does not write a page that stays the same.
    let values: [[UInt8]]

    /// Makes a file with 100,000 keys, in a folder of its own.
    init(in plan: Plan, keyCount: Int = 100_000) async throws {
        path = try plan.newPath("pairs.sqlite3")
        keys = (0..<keyCount).map { "user:" + String(1_000_000 + $0).dropFirst() }
        var random = RandomNumbers(seed: 100)
        values = (0..<1021).map { _ in (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) } }
        try await fill()
    }

    private init(path: String, like other: PairsFile) {
        self.path = path
        keys = other.keys
        values = other.values
    }

    /// The same content in another folder, so that neither side meets the other's locks. Nobody may have it open.
    func copy(in plan: Plan) throws -> PairsFile {
        let target = try plan.newPath("pairs.sqlite3")
        try FileManager.default.copyItem(atPath: path, toPath: target)
        return PairsFile(path: target, like: self)
    }

    /// Positions of keys in the order in which to use them.
    func order(amongFirst count: Int? = nil, seed: UInt64 = 1) -> [Int] {
        var random = RandomNumbers(seed: seed)
        return (0..<(1 << 18)).map { _ in Int.random(in: 0..<(count ?? keys.count), using: &random) }
    }

    private func fill() async throws {
        let database = try await Database.open(at: path, configuration: .filling)
        try await database.write { [keys, values] transaction in
            try transaction.execute(
                "CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID")
            for (index, key) in keys.enumerated() {
                let value = values[index % values.count]
                try transaction.execute("INSERT INTO pairs (key, value) VALUES (\(key), \(value))")
            }
        }
        await database.close()
    }
}
