import LiteDB

/// Reads one value after the other by its key, through LiteDB or the C API.
protocol PointReader {
    /// The value of a key.
    func value(of key: String) throws -> [UInt8]?
}

/// One `read { }` a value.
struct OurPointReader: PointReader, Sendable {
    let database: Database

    @inline(__always)
    func value(of key: String) throws -> [UInt8]? {
        try database.read { snapshot in
            try snapshot.first("SELECT value FROM pairs WHERE key = \(key)", as: [UInt8].self)
        }
    }
}

/// One prepared statement in autocommit, bound and reset for each value.
struct RawPointReader: PointReader {
    private let statement: RawStatement

    init(path: String, durability: RawDatabase.Durability = .normal) throws {
        statement = try RawDatabase(path: path, durability: durability).prepare(PairsFile.select)
    }

    @inline(__always)
    func value(of key: String) throws -> [UInt8]? { try statement.blob(forKey: key) }
}

/// Walks through keys in a fixed random order, and goes on where the last round ended.
struct PointReadLoop<Reader: PointReader> {
    let reader: Reader
    let keys: [String]
    let order: [Int]
    private var next = 0

    init(_ reader: Reader, _ file: PairsFile, order: [Int]) {
        self.reader = reader
        keys = file.keys
        self.order = order
    }

    /// Nanoseconds for each read.
    mutating func measure(for duration: Duration) throws -> Double {
        try Stopwatch.time(for: duration) {
            let key = keys[order[next]]
            next = next + 1 == order.count ? 0 : next + 1
            guard let value = try reader.value(of: key), value.count == 100 else { throw WrongResult() }
        }
    }
}

/// A side returned something else than what was stored: its figures would mean nothing.
struct WrongResult: Error {}
