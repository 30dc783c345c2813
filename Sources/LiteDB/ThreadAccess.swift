import CLiteStackSQLite

/// What a thread is inside of: a read or a write of some database, and what it was inside of before that.
///
/// A read in a read shares the snapshot, and a write in a write is refused; both need to know without a lock. Each
/// connection has one, and a connection is used by one thread at a time.
final class ThreadAccess {
    enum Kind {
        case read
        case write
    }

    let kind: Kind
    let connection: Connection
    private let owner: ObjectIdentifier
    private var outer: UnsafeMutableRawPointer?

    init(_ kind: Kind, of owner: AnyObject, on connection: Connection) {
        self.kind = kind
        self.owner = ObjectIdentifier(owner)
        self.connection = connection
    }

    @inline(__always)
    func enter() {
        guard let thread = litestack_current_thread() else { return }
        outer = thread.pointee.access
        thread.pointee.access = Unmanaged.passUnretained(self).toOpaque()
    }

    @inline(__always)
    func leave() {
        litestack_current_thread().pointee.access = outer
    }

    /// Whether this thread is inside of nothing.
    @inline(__always)
    static var isOutside: Bool { litestack_current_thread().pointee.access == nil }

    /// The innermost access of this thread to the database of `owner`.
    static func current(of owner: AnyObject) -> ThreadAccess? {
        var next = litestack_current_thread().pointee.access
        while let pointer = next {
            let access = Unmanaged<ThreadAccess>.fromOpaque(pointer).takeUnretainedValue()
            if access.owner == ObjectIdentifier(owner) { return access }
            next = access.outer
        }
        return nil
    }

    /// Whether this thread is inside a write of any database.
    static var isInsideWrite: Bool {
        var next = litestack_current_thread().pointee.access
        while let pointer = next {
            let access = Unmanaged<ThreadAccess>.fromOpaque(pointer).takeUnretainedValue()
            if access.kind == .write { return true }
            next = access.outer
        }
        return false
    }
}
