import LiteDB
import Logging
import Synchronization

/// The task that renews this process's members, and removes those whose time is over.
extension Cable.Presence {
    var expiry: Int64 { clock.milliseconds() + timeout.wholeMilliseconds }

    func take(_ seat: CableStore.Seat, _ info: [UInt8]) async throws {
        let (store, now, expiry) = (store, clock.milliseconds(), expiry)
        try await database.write { transaction in
            try store.join(seat, info: info, until: expiry, at: now, in: transaction)
        }
    }

    /// Whether anybody here is present, or listens to who is.
    private var isUsed: Bool {
        if state.withLock({ !$0.seats.isEmpty }) { return true }
        return router.hasListener { pattern in pattern.text.hasPrefix(CableStore.presencePrefix) }
    }

    /// Starts the task that renews this process's members and removes those whose time is over.
    func startKeeping() {
        state.withLock { state in
            state.startCount += 1
            guard !state.isStopped, state.keeper == nil else { return }
            state.keeper = Task { [weak self, timeout] in
                var nextRenewal = ContinuousClock.now + timeout / 3
                // Cancelled by `stop`, and over when nobody is left.
                while (try? await Task.sleep(for: min(timeout / 6, .seconds(1)))) != nil {
                    guard let self else { return }
                    let isDue = ContinuousClock.now >= nextRenewal
                    if isDue { nextRenewal = .now + timeout / 3 }
                    await self.look(renewing: isDue)
                    if isDue, self.isOver() { return }
                }
            }
        }
    }

    private func isOver() -> Bool {
        let starts = state.withLock { $0.startCount }
        let isUsed = isUsed
        let hasSeats = (try? hasAnySeat()) ?? true  // unknown: look again
        return state.withLock { state in
            // Whoever asked for it meanwhile counts on it.
            guard state.startCount == starts, !isUsed, !hasSeats, state.seats.isEmpty, state.leaving.isEmpty else {
                return false
            }
            state.keeper = nil
            return true
        }
    }

    private func hasAnySeat() throws -> Bool {
        try database.read { snapshot in try store.nextExpiry(in: snapshot) } != nil
    }

    private func look(renewing: Bool) async {
        let leaving = state.withLock { state in
            defer { state.leaving = [] }
            return state.leaving
        }
        let store = store
        var isLeft = false
        do {
            try await leave(leaving)
            isLeft = true
            if renewing { try await renew() }
            let now = clock.milliseconds()
            let next = try database.read { snapshot in try store.nextExpiry(in: snapshot) }
            guard let next, next <= now else { return }
            // Others can write between them: a killed process can leave thousands.
            while try await database.write({ transaction in try store.sweep(at: now, in: transaction) }) {}
        } catch let error as DatabaseError where error.code == .closed {
            stop()
        } catch {
            if !isLeft { state.withLock { $0.leaving += leaving } }
            logger.warning("Presence could not be renewed; it is tried again", metadata: ["error": "\(error)"])
        }
    }

    private func leave(_ leaving: [(connection: String, at: Int64)]) async throws {
        guard !leaving.isEmpty else { return }
        let (store, now) = (store, clock.milliseconds())
        try await database.write { transaction in
            for (connection, time) in leaving {
                try store.leave(connection: connection, at: time, now: now, in: transaction)
            }
        }
    }

    private func renew() async throws {
        let seats = state.withLock { Array($0.seats) }
        let (store, now, expiry) = (store, clock.milliseconds(), expiry)
        for start in stride(from: 0, to: seats.count, by: 200) {
            let part = Array(seats[start..<min(start + 200, seats.count)])
            try await database.write { [self] transaction in
                for (seat, info) in part where isTaken(seat) {
                    if try store.renew(seat, until: expiry, in: transaction) { continue }
                    // The process stood still for longer than the timeout, and was taken for dead.
                    try store.join(seat, info: info, until: expiry, at: now, in: transaction)
                }
            }
        }
    }

    /// Asked inside the transaction: who left meanwhile must not come back.
    private func isTaken(_ seat: CableStore.Seat) -> Bool {
        state.withLock { $0.seats[seat] != nil }
    }

    func stop() {
        let keeper = state.withLock { state in
            state.isStopped = true
            return state.keeper
        }
        keeper?.cancel()
    }
}
