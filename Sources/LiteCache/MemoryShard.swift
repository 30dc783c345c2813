import LiteDB

/// A part of the memory layer: a table from hash to entry, open addressing with linear probing, at most half full, and a
/// hand that walks it when the bytes are over the budget, taking what was not read since it last came by.
///
/// The hashes are keyed and 64 bits long, so they serve as they are. Not thread-safe: its lock guards it.
struct MemoryShard {
    private var slots: [MemoryEntry?] = Array(repeating: nil, count: 16)
    private var mask = 15
    private var count = 0
    private var hand = 0
    /// Beside the others: it is written at each hit.
    private var rootHitCount = 0
    private var hitCounts: [Int] = []
    /// Of all namespaces that have no counters of their own.
    private var otherHitCount = 0
    private(set) var bytes = 0
    private(set) var maximumBytes: Int
    /// The state of the file that the entries agree with.
    var token: ChangeToken
    /// The last change that is worked in.
    var sequence: Int64

    init(maximumBytes: Int, token: ChangeToken, sequence: Int64) {
        self.maximumBytes = maximumBytes
        self.token = token
        self.sequence = sequence
    }

    @inline(__always)
    func entry(_ hash: Int64) -> MemoryEntry? {
        slots[slot(hash)]
    }

    /// Counts under the lock that is held anyway.
    @inline(__always)
    mutating func countHit(_ scope: Int, _ count: Int = 1) {
        guard scope > 0 else {
            if scope == 0 { rootHitCount &+= count } else { otherHitCount &+= count }
            return
        }
        if scope >= hitCounts.count { hitCounts += Array(repeating: 0, count: scope + 1 - hitCounts.count) }
        hitCounts[scope] &+= count
    }

    func hits(_ scope: Int) -> Int {
        if scope < 0 { return otherHitCount }
        return scope == 0 ? rootHitCount : scope < hitCounts.count ? hitCounts[scope] : 0
    }

    /// Keeps an entry, in the place of another with its hash, and makes room for it.
    mutating func insert(_ entry: MemoryEntry) {
        guard entry.bytes <= maximumBytes / 4 else { return remove(entry.hash) }
        let index = slot(entry.hash)
        if let old = slots[index] {
            bytes += entry.bytes - old.bytes
            entry.isVisited = true
            slots[index] = entry
        } else {
            if count * 2 >= slots.count { grow() }
            slots[slot(entry.hash)] = entry
            count += 1
            bytes += entry.bytes
        }
        while bytes > maximumBytes { evictOne(but: entry) }
    }

    /// Drops an entry, unless it is as new as `sequence`.
    mutating func drop(_ hash: Int64, before sequence: Int64) {
        guard let entry = slots[slot(hash)], entry.version < sequence else { return }
        remove(hash)
    }

    mutating func remove(_ hash: Int64) {
        var gap = slot(hash)
        guard let removed = slots[gap] else { return }
        bytes -= removed.bytes
        count -= 1
        slots[gap] = nil
        // Close the gap: an entry behind it whose own place lies at or before the gap moves into it.
        var next = (gap + 1) & mask
        while let entry = slots[next] {
            let home = Int(truncatingIfNeeded: entry.hash) & mask
            if (next &- home) & mask >= (next &- gap) & mask {
                slots[gap] = entry
                slots[next] = nil
                gap = next
            }
            next = (next + 1) & mask
        }
    }

    /// Removes everything, and keeps nothing any more.
    mutating func shut() {
        removeAll()
        maximumBytes = 0
    }

    mutating func removeAll() {
        slots = Array(repeating: nil, count: 16)
        mask = 15
        (count, bytes, hand) = (0, 0, 0)
    }

    private mutating func evictOne(but newest: MemoryEntry) {
        while true {
            hand = (hand + 1) & mask
            guard let entry = slots[hand], entry !== newest else { continue }
            if entry.isVisited {
                entry.isVisited = false
            } else {
                return remove(entry.hash)
            }
        }
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: nil, count: old.count * 2)
        mask = slots.count - 1
        hand = 0
        for case let entry? in old { slots[slot(entry.hash)] = entry }
    }

    /// Where the hash stands, or the empty slot where it would.
    @inline(__always)
    private func slot(_ hash: Int64) -> Int {
        var index = Int(truncatingIfNeeded: hash) & mask
        while let entry = slots[index], entry.hash != hash { index = (index + 1) & mask }
        return index
    }
}
