/// The prepared statements of one connection by their text, the least recently used ones leaving first.
///
/// A table with open addressing and linear probing, at most half full: looking a statement up is a good part of a small
/// read, and a `Dictionary`'s hash alone takes longer than this.
final class StatementCache {
    private var slots: [Statement?]
    private var count = 0
    private var uses: UInt64 = 0
    private let capacity: Int
    private let mask: Int

    init(capacity: Int) {
        self.capacity = max(1, capacity)
        var size = 4
        while size < self.capacity * 2 { size *= 2 }
        mask = size - 1
        slots = Array(repeating: nil, count: size)
    }

    /// The statement for `text`, unless it is missing or a cursor stands in it.
    func idle(_ text: String) -> Statement? {
        guard let statement = slots[slot(of: text)], !statement.isActive else { return nil }
        uses &+= 1
        statement.lastUse = uses
        return statement
    }

    /// Keeps a statement, unless one with this text is kept already.
    func insert(_ statement: Statement) {
        guard slots[slot(of: statement.text)] == nil else { return }
        if count >= capacity { removeOldest() }
        guard count < slots.count - 1 else { return }  // a cursor stands in nearly all: this one is not kept
        uses &+= 1
        statement.lastUse = uses
        slots[slot(of: statement.text)] = statement
        count += 1
    }

    /// Finalizes all of them.
    func removeAll() {
        for index in slots.indices {
            slots[index]?.finalize()
            slots[index] = nil
        }
        count = 0
    }

    /// Where the text stands, or the empty slot where it would.
    private func slot(of text: String) -> Int {
        var index = Self.hash(text) & mask
        while let statement = slots[index], !statement.hasText(text) { index = (index + 1) & mask }
        return index
    }

    private func removeOldest() {
        var oldest: Statement?
        for case let statement? in slots where !statement.isActive {
            if statement.lastUse < oldest?.lastUse ?? .max { oldest = statement }
        }
        guard let oldest else { return }
        let kept = slots.compactMap { $0 }.filter { $0 !== oldest }
        for index in slots.indices { slots[index] = nil }
        for statement in kept { slots[slot(of: statement.text)] = statement }
        count = kept.count
    }

    /// Eight bytes at a time, multiplied and folded: the texts are the program's own, so nobody chooses them to collide.
    private static func hash(_ text: String) -> Int {
        let folded: UInt64? = text.utf8.withContiguousStorageIfAvailable { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            var hash = UInt64(raw.count)
            var offset = 0
            while offset + 8 <= raw.count {
                hash = fold(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            while offset < raw.count {
                hash = fold(hash ^ UInt64(raw[offset]))
                offset += 1
            }
            return hash
        }
        return Int(truncatingIfNeeded: folded ?? UInt64(text.utf8.count))
    }

    @inline(__always)
    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
