#if os(Linux)
import CLiteStackSQLite
import Synchronization

/// Wakes a thread when one of the doorbell files is written, by inotify. One for the process: instances are limited.
///
/// `@unchecked Sendable`: the descriptors are set once; the kernel makes the calls on them thread-safe.
final class DoorbellWatch: @unchecked Sendable {
    private let inotify: Int32
    private let wakes: Int32

    init() {
        // Without inotify (its limits are small) the tick alone finds commits.
        inotify = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        wakes = litestack_eventfd()
    }

    deinit {
        for descriptor in [inotify, wakes] where descriptor >= 0 { close(descriptor) }
    }

    /// Whether files can be watched here.
    var isAvailable: Bool { inotify >= 0 }

    /// Watches a file; the watch's number, or nil if it cannot be watched.
    func add(_ path: String) -> Int32? {
        guard inotify >= 0 else { return nil }
        let mask = IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF
        let watch = inotify_add_watch(inotify, path, UInt32(mask))
        return watch >= 0 ? watch : nil
    }

    func remove(_ watch: Int32) {
        guard inotify >= 0 else { return }
        inotify_rm_watch(inotify, watch)
    }

    /// Makes a waiting thread return.
    func wake() {
        var one: UInt64 = 1
        _ = write(wakes, &one, 8)  // fails only when a wake is pending already
    }

    /// Waits for a ring, a wake or the deadline.
    func wait(until deadline: MonotonicTime) -> Events {
        let rest = deadline.since(MonotonicTime.now).wholeNanoseconds
        let milliseconds = Int32(clamping: (rest + 999_999) / 1_000_000)
        return withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { descriptors in
            descriptors.initializeElement(at: 0, to: pollfd(fd: inotify, events: Int16(POLLIN), revents: 0))
            descriptors.initializeElement(at: 1, to: pollfd(fd: wakes, events: Int16(POLLIN), revents: 0))
            guard poll(descriptors.baseAddress, 2, milliseconds) > 0 else { return Events() }
            if descriptors[1].revents != 0 { drainWakes() }
            return descriptors[0].revents != 0 ? readEvents() : Events()
        }
    }

    private func drainWakes() {
        var count: UInt64 = 0
        _ = read(wakes, &count, 8)  // one read takes every wake
    }

    private func readEvents() -> Events {
        var events = Events()
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            let count = read(inotify, buffer.baseAddress, buffer.count)
            var offset = 0
            while offset + MemoryLayout<inotify_event>.size <= count {
                let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                if event.mask & UInt32(IN_MODIFY) != 0 {
                    events.rung.insert(event.wd)
                } else if event.mask & UInt32(IN_CLOSE_WRITE) != 0 {
                    events.left.insert(event.wd)
                } else {
                    events.gone.insert(event.wd)
                }
                offset += MemoryLayout<inotify_event>.size + Int(event.len)
            }
        }
        return events
    }
}
#endif
