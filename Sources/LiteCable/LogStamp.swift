import LiteDB
import Synchronization

/// What is known of the log outside its file, in `run/`: which file it is, under which epoch, and up to where it was read.
///
/// A backup that takes the file's place brings neither the file's identity nor the last number along, so the next process
/// that opens it sees that the log is another one. The stamp is written inside the write transaction that renews the
/// epoch: processes that open at the same time come one after the other. Nothing in it is data: without it the epoch is
/// renewed, and every cursor is told as a gap.
final class LogStamp: Sendable {
    /// Which file.
    struct File: Sendable, Hashable {
        let device: UInt64
        let inode: UInt64
        /// When it was made: a freed inode's number is given out again.
        let birth: UInt64

        init(of database: Database) {
            device = database.identifier.device
            inode = database.identifier.inode
            birth = UInt64(bitPattern: database.fileBirth)
        }

        fileprivate init(device: UInt64, inode: UInt64, birth: UInt64) {
            (self.device, self.inode, self.birth) = (device, inode, birth)
        }
    }

    struct Content: Sendable, Hashable {
        let epoch: UInt64
        let file: File
        /// Numbers up to here were read.
        let head: Int64
    }

    /// "litecab" and the version of this form.
    private static let magic: UInt64 = 0x6c69_7465_6361_6201
    private static let headOffset = 40
    /// How far a publisher that nobody listens to may be ahead.
    private static let publishingStride: Int64 = 64

    let file: File
    private let stored: RunFile
    private let noted = Atomic<Int64>(0)

    init(_ database: Database) throws {
        file = File(of: database)
        stored = try RunFile(database, suffix: "cable")
    }

    /// What it says; nil if it is not there, or is none.
    func read() throws -> Content? {
        let bytes = try stored.read(Self.headOffset + 8)
        guard bytes.count == Self.headOffset + 8 else { return nil }
        let words = stride(from: 0, to: bytes.count, by: 8).map { start in
            // Of the eight bytes from there, the last is the highest.
            bytes[start..<start + 8].reversed().reduce(UInt64(0)) { word, byte in word << 8 | UInt64(byte) }
        }
        guard words[0] == Self.magic else { return nil }
        return Content(
            epoch: words[1], file: File(device: words[2], inode: words[3], birth: words[4]),
            head: Int64(bitPattern: words[5]))
    }

    /// Says that this file holds the log of that epoch. Only in a write transaction.
    func set(epoch: UInt64, head: Int64) throws {
        let words = [Self.magic, epoch, file.device, file.inode, file.birth, UInt64(bitPattern: head)]
        try stored.write(words.flatMap(Self.bytes))
        noted.store(head, ordering: .relaxed)
    }

    /// Goes on from what it said when the log was found to be the one that it speaks of.
    func adopt(_ content: Content) {
        noted.store(content.head, ordering: .relaxed)
    }

    /// Notes up to where committed messages were read, as soon as those who wait for them were woken. One write to the page
    /// cache, and none if it is known.
    func note(_ seq: Int64) {
        guard seq > noted.load(ordering: .relaxed) else { return }
        noted.max(seq, ordering: .relaxed)
        // A hint: without it a restore to exactly this place could go unnoticed, and nothing else is lost.
        try? stored.write(Self.bytes(UInt64(bitPattern: seq)), at: Self.headOffset)
    }

    /// The same for what was published: now and then, since whoever reads it notes it exactly.
    func notePublished(_ seq: Int64) {
        if seq >= noted.load(ordering: .relaxed) + Self.publishingStride { note(seq) }
    }

    private static func bytes(_ word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
    }
}
