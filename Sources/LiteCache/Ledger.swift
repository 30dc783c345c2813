/// What is in the cache, where the hand of the eviction stands, and what the present transaction has changed.
///
/// It is read from the newest row of the log, and a row is appended with it: see `CacheSchema`.
struct Ledger {
    var bytes: Int64
    var entryCount: Int64
    var hand: Int64
    /// The number of the last change.
    private(set) var sequence: Int64
    /// The entries changed in this transaction, in the order of their numbers.
    private(set) var changed: [Int64] = []
    /// Everything was removed.
    private(set) var isCleared = false
    /// The entries that a caller changed, or deleted where there was none: computations of them are overtaken. Those that
    /// the eviction or their time removed are not among them.
    var touched: [Int64] = []
    /// What left by eviction or because its time was over, by namespace.
    var departures: [String: Departures] = [:]

    struct Departures: Sendable {
        var evicted = 0
        var expired = 0
    }

    /// Of a file that cannot be read.
    static var empty: Self { Self(bytes: 0, entryCount: 0, hand: 0, sequence: 0) }

    init(bytes: Int64, entryCount: Int64, hand: Int64, sequence: Int64) {
        self.bytes = bytes
        self.entryCount = entryCount
        self.hand = hand
        self.sequence = sequence
    }

    /// The same between two transactions.
    var atRest: Ledger { Ledger(bytes: bytes, entryCount: entryCount, hand: hand, sequence: sequence) }

    var isChanged: Bool { !changed.isEmpty || isCleared }

    /// Takes the next number for a change of this entry.
    mutating func next(for hash: Int64) -> Int64 {
        sequence += 1
        changed.append(hash)
        return sequence
    }

    mutating func clear() {
        sequence += 1
        changed = []
        isCleared = true
        bytes = 0
        entryCount = 0
        hand = 0
    }

    /// The changed entries as they stand in the log; nil says that everything was removed.
    var hashes: [UInt8]? {
        guard !isCleared else { return nil }
        return changed.withUnsafeBytes { Array($0) }
    }

    /// Reads what `hashes` wrote. Both sides are of one machine, so the order of bytes is the same.
    static func hashes(_ bytes: UnsafeRawBufferPointer) -> [Int64] {
        (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self) }
    }
}
