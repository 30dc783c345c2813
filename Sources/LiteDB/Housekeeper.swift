import CLiteStackSQLite
import Synchronization

/// The thread that waits for doorbells and looks after each open database on a tick. One for the process.
///
/// It ends idle snapshots that went stale, finds commits of foreign programs, notices a replaced file, and interrupts
/// waits in a gate whose deadline has passed. Nothing it does can block.
///
/// A tick comes each 100 ms, and each 400 ms once nothing has happened for two seconds: waking a thread ten times a
/// second costs about 0.05 % of a core by itself.
final class Housekeeper: Sendable {
    static let shared = Housekeeper()

    private struct State {
        var entries: [Entry] = []
        var isRunning = false
    }

    /// The registry's entry keeps the core alive for as long; `remove` ends both.
    private struct Entry {
        let core: DatabaseCore
        var watch: Int32?
    }

    /// Between two looks at a database that rings all the time: at most 500 a second.
    private static let quietPeriodMilliseconds: UInt32 = 2
    private static let tick = Duration.milliseconds(100)
    private static let idleTick = Duration.milliseconds(400)
    private static let idleAfter = Duration.seconds(2)
    private static let thoroughPeriod = Duration.milliseconds(500)

    private let state = Mutex(State())
    private let watch = DoorbellWatch()

    func add(_ core: DatabaseCore) {
        let watched = watch.add(core.doorbell.path)
        let starts = state.withLock { state in
            state.entries.append(Entry(core: core, watch: watched))
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts {
            // It lives as long as the process, or until the last database is closed.
            WorkerThread.detached(name: "litedb-keeper") { [self] in loop() }
        } else {
            watch.wake()
        }
    }

    func remove(_ core: DatabaseCore) {
        state.withLock { state in
            guard let index = state.entries.firstIndex(where: { $0.core === core }) else { return }
            if let number = state.entries[index].watch { watch.remove(number) }
            state.entries.remove(at: index)
        }
        watch.wake()
    }

    private func loop() {
        var lastEvent = MonotonicTime.now
        var nextTick = lastEvent + Self.tick
        var nextThorough = lastEvent + Self.thoroughPeriod
        while true {
            let events = watch.wait(until: nextTick)
            let now = MonotonicTime.now
            if !events.isEmpty { lastEvent = now }
            if !events.isEmpty || events.isPolled { answer(events) }
            guard now >= nextTick else { continue }
            let isThorough = now >= nextThorough
            switch tick(isThorough: isThorough) {
            case .closed: return
            case .active: lastEvent = now
            case .idle: break
            }
            if isThorough { nextThorough = now + Self.thoroughPeriod }
            nextTick = now + (now.since(lastEvent) < Self.idleAfter ? Self.tick : Self.idleTick)
        }
    }

    private func answer(_ events: DoorbellWatch.Events) {
        let entries = state.withLock { $0.entries }
        for entry in entries {
            let watch = entry.watch ?? -1
            if events.rung.contains(watch) || events.isPolled { entry.core.doorbellRang() }
            // The kernel closes what a dead process had open: whoever waits for that process looks again at once.
            if events.left.contains(watch) { entry.core.hub.signalEveryone() }
            if events.gone.contains(watch) { rearm(entry.core) }
        }
        // Nobody listens: the sweep need not follow each commit of a busy writer.
        if !events.isPolled, !entries.contains(where: { $0.core.hasListeners }) {
            usleep(Self.quietPeriodMilliseconds * 1000)  // a bounded rest of LiteDB's own thread
        }
    }

    private enum Activity {
        case idle
        case active
        /// No database is left: the thread shall end.
        case closed
    }

    /// Looks after each database.
    private func tick(isThorough: Bool) -> Activity {
        let entries = state.withLock { state in
            if state.entries.isEmpty { state.isRunning = false }
            return state.entries
        }
        if entries.isEmpty { return .closed }
        var activity = Activity.idle
        for entry in entries {
            if entry.core.tick(isThorough: isThorough) { activity = .active }
            guard isThorough, watch.isAvailable else { continue }
            if entry.watch == nil || entry.core.doorbell.isMissing { rearm(entry.core) }
        }
        return activity
    }

    /// A doorbell file was deleted or moved: make it again and watch the new one.
    private func rearm(_ core: DatabaseCore) {
        core.doorbell.renew()
        let renewed = watch.add(core.doorbell.path)
        state.withLock { state in
            guard let index = state.entries.firstIndex(where: { $0.core === core }) else { return }
            if let old = state.entries[index].watch { watch.remove(old) }
            state.entries[index].watch = renewed
        }
        core.doorbellRang()
    }
}
