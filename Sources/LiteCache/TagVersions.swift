import LiteDB
import Synchronization

/// When each bucket of tags was invalidated last, as this process knows it, caught up by the file's change counter.
///
/// An entry carries the number of the last invalidation before its value was made (`tagsAt`). It is valid as long as none
/// of its buckets has a higher one.
final class TagVersions: Sendable {
    static let bucketCount: UInt64 = 1 << 18

    private struct State {
        var token: ChangeToken
        var sequence: Int64
        /// By bucket. Empty until something is invalidated.
        var changedAt: [Int64] = []
    }

    let database: Database
    let origin: [UInt8]
    private let hash: SipHash
    private let state: Mutex<State>

    /// Loads what is there. The tables must be.
    init(_ database: Database) throws {
        self.database = database
        let token = database.changeToken()
        let (stored, changes) = try database.read { snapshot in
            (try TagStore.state(in: snapshot), try Self.changes(since: 0, in: snapshot))
        }
        origin = stored.origin
        hash = SipHash(key: stored.origin)
        var state = State(token: token, sequence: stored.sequence)
        Self.apply(changes, to: &state)
        self.state = Mutex(state)
    }

    /// The bucket of a tag.
    func bucket(ofTag tag: String) -> UInt32 { bucket("t" + tag) }

    /// The bucket of a namespace.
    func bucket(ofNamespace name: String) -> UInt32 { bucket("n" + name) }

    private func bucket(_ text: String) -> UInt32 { UInt32(hash.hash(text) % Self.bucketCount) }

    /// A number for bytes, keyed as the buckets are.
    func fingerprint(of bytes: UnsafeRawBufferPointer) -> UInt64 { hash.hash(bytes) }

    /// Looks for invalidations since the last look. One comparison in memory, one read if the file was committed to.
    ///
    /// - Returns: The number of the last one.
    @discardableResult
    func refresh() throws -> Int64 {
        try state.withLock { state in
            try refresh(&state)
            return state.sequence
        }
    }

    /// Whether an entry with these buckets is valid, as of now.
    func isValid(_ tags: [UInt32], since tagsAt: Int64) throws -> Bool {
        try state.withLock { state in
            try refresh(&state)
            return Self.isValid(tags, since: tagsAt, state)
        }
    }

    /// The same, as of the last look: inside a transaction of the same file no other read is possible.
    func wasValid(_ tags: [UInt32], since tagsAt: Int64) -> Bool {
        state.withLock { Self.isValid(tags, since: tagsAt, $0) }
    }

    private static func isValid(_ tags: [UInt32], since tagsAt: Int64, _ state: borrowing State) -> Bool {
        if state.changedAt.isEmpty || state.sequence <= tagsAt { return true }
        for bucket in tags where state.changedAt[Int(bucket)] > tagsAt { return false }
        return true
    }

    private func refresh(_ state: inout State) throws {
        if try database.isCurrent(state.token) { return }
        // The token comes first: what is committed behind it is found by the next look.
        let token = database.changeToken()
        let known = state.sequence
        let (sequence, changes) = try database.read { snapshot in
            let sequence = try TagStore.sequence(in: snapshot)
            return (sequence, sequence == known ? [] : try Self.changes(since: known, in: snapshot))
        }
        Self.apply(changes, to: &state)
        state.sequence = sequence
        state.token = token
    }

    private static func changes(
        since sequence: Int64, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> [(bucket: Int64, at: Int64)] {
        try access.all(TagStore.changes(since: sequence)) { row in
            (bucket: try row.integer(0), at: try row.integer(1))
        }
    }

    private static func apply(_ changes: [(bucket: Int64, at: Int64)], to state: inout State) {
        guard !changes.isEmpty else { return }
        if state.changedAt.isEmpty { state.changedAt = Array(repeating: 0, count: Int(bucketCount)) }
        for change in changes where change.bucket >= 0 && change.bucket < Int64(bucketCount) {
            state.changedAt[Int(change.bucket)] = change.at
        }
    }
}
