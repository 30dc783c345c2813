import LiteDB
import Logging

/// One attempt to compute a value, of one process among several.
///
/// Whoever gets the row of the key computes. The others wait for the commit that stores the value, for the row's end, for
/// its deadline, or for the death of its process, whichever comes first; then they look again.
struct Computation<Value: Codable & Sendable>: Sendable {
    let cache: Cache
    let key: String
    let entryKey: EntryKey
    let failureLifetime: Duration?
    let tags: [String]
    /// The version of an entry that this process cannot decode, and so takes for none.
    let unusable: Int64?
    /// A process that was found dead at the computation.
    let dead: String?
    /// Whether it waits for another process that computes.
    let waits: Bool
    let compute: @Sendable () async throws -> Cache.Made<Value>

    private var core: CacheCore { cache.core }

    func run() async throws -> Flights.Landing {
        if core.isDegraded { return .value(try await computeForItself()) }
        var (dead, unusable) = (dead, unusable)
        while true {
            try Task.checkCancellation()
            // Before the computation: an invalidation from here on makes its result older than what was asked for.
            let common = try cache.newEntry(.never, tags)
            try core.refreshTags()
            // Not the injected generator: two processes with the same numbers would take each other's rows.
            let token = Int64.random(in: .min ... .max)
            let answer: CacheStore.Claim
            do {
                answer = try await claim(common, token, try core.processMark().name, dead, unusable)
            } catch {
                if core.isDamage(error) { return .value(try await computeForItself()) }
                guard Self.allowsComputing(error) else { throw error }
                if !waits {
                    // Nobody would get the value. Who waits by now tries by itself.
                    tellRefreshFailed(error)
                    return .elsewhere
                }
                return .value(try await computeAlone(error))
            }
            switch answer {
            case .hit(let entry):
                if entry.value.flags.contains(.failure) { throw Self.failed(entry.value, key) }
                do {
                    let value = try core.coding.value(entry.value, as: Value.self, key: key)
                    return .value(Computed(value: value, stored: entry.value))
                } catch let error as CacheError where error.code == .undecodable {
                    // Of another release, which has another type: it counts as none.
                    unusable = entry.version
                }
            case .mine:
                do {
                    return .value(try await computeAndStore(token, common))
                } catch {
                    if !waits, !(error is CancellationError) { tellRefreshFailed(error) }
                    throw error
                }
            case .theirs(let flight):
                guard waits else { return .elsewhere }
                do {
                    dead = try await wait(for: flight)
                } catch {
                    guard core.isDamage(error) else { throw error }
                    return .value(try await computeForItself())
                }
            }
        }
    }

    private func claim(
        _ common: CacheChange.NewEntry, _ token: Int64, _ process: String, _ dead: String?, _ unusable: Int64?
    ) async throws -> CacheStore.Claim {
        let (store, clock, entryKey) = (core.store, core.clock, entryKey)
        let timeout = core.configuration.computationTimeout.wholeMilliseconds
        return try await core.database.writeToTheEnd { transaction in
            let now = clock.milliseconds()
            let (deadline, overflow) = now.addingReportingOverflow(timeout)
            return try store.claim(
                entryKey, common, token: token, process: process, deadline: overflow ? .max : deadline, dead: dead,
                unusable: unusable, at: now, in: transaction)
        }
    }

    // MARK: Computing

    /// Whether the file only takes no writes: then other processes cannot be told, and the caller gets its value.
    private static func allowsComputing(_ error: any Error) -> Bool {
        if let error = error as? CacheError { return error.code == .lockFile }
        return (error as? DatabaseError).map { $0.code != .closed && $0.code != .replaced } ?? false
    }

    /// Computes for the callers of this process alone, and stores nothing.
    private func computeAlone(_ reason: any Error) async throws -> Computed {
        core.logger.warning(
            "A value is computed without telling other processes, and is not cached", metadata: ["error": "\(reason)"])
        return try await computeForItself()
    }

    private func computeForItself() async throws -> Computed {
        let compute = compute
        let made = try await withDeadline(core.configuration.computationTimeout, late: late) { try await compute() }
        return Computed(value: made.value, stored: try core.coding.stored(made.value))
    }

    private func computeAndStore(_ token: Int64, _ common: CacheChange.NewEntry) async throws -> Computed {
        let compute = compute
        let value: Value
        let change: CacheChange
        do {
            let made = try await withDeadline(core.configuration.computationTimeout, late: late) { try await compute() }
            // Cancelled or not, it is what was asked for.
            if core.flights.isClosed { throw CancellationError() }
            value = made.value
            let new = CacheChange.NewEntry(
                value: try core.coding.stored(value), lifetime: core.milliseconds(made.expiresIn),
                stale: made.staleFor.wholeMilliseconds, tags: common.tags, tagsAt: common.tagsAt)
            change = CacheChange(key: entryKey, kind: .set(new, .none))
        } catch {
            await giveUp(token, error)
            throw error
        }
        guard case .set(let new, _) = change.kind else { preconditionFailure("a computation stores a value") }
        if await !store(value, change, token), !waits { pause() }
        return Computed(value: value, stored: new.value)
    }

    /// Whether the entry holds it now.
    private func store(_ value: Value, _ change: CacheChange, _ token: Int64) async -> Bool {
        do {
            guard case .set(let new, _) = change.kind else { return false }
            try core.checkSize(new.value, change.key)
            let (store, clock, visited) = (core.store, core.clock, core.visited)
            let (outcome, departures) = try await core.database.writeToTheEnd { transaction in
                try store.complete(
                    change, token: token, at: clock.milliseconds(), visited: visited, in: transaction)
            }
            core.counters.add(departures)
            guard case .stored(let version, let position, let times) = outcome else { return false }
            cache.scope.counters.sets.count()
            cache.keep(value, change, key, version: version, position: position, times)
            return true
        } catch {
            if core.isDamage(error) { return false }
            core.logger.warning(
                "A computed value could not be cached; it is passed on all the same", metadata: ["error": "\(error)"])
            await end(token)
            return false
        }
    }

    /// How long a stale entry is not refreshed after a failure, in milliseconds.
    private var pauseLength: Int64 {
        // No longer than adds up with any time of day.
        min(max(RefreshPauses.afterFailure, failureLifetime?.wholeMilliseconds ?? 0), 1 << 50)
    }

    private func pause() {
        let now = core.clock.milliseconds()
        core.pauses.add(entryKey, until: now + pauseLength, at: now)
    }

    /// Nobody waits for a refresh, so its failure is logged.
    private func tellRefreshFailed(_ error: any Error) {
        pause()
        core.logger.warning(
            "A stale entry could not be refreshed; the old value is served on, and the next attempt waits a moment",
            metadata: ["key": "\(key)", "error": "\(error)"])
    }

    /// Tells the other processes, and stores the failure if that was asked for.
    private func giveUp(_ token: Int64, _ error: any Error) async {
        // What a cancelled computation fails with says nothing to those who did not cancel it.
        let isTold = !Task.isCancelled && !(error is CancellationError) && (error as? CacheError)?.code != .timedOut
        guard isTold else { return await end(token) }
        let (store, entryKey, text) = (core.store, entryKey, String(String(describing: error).prefix(500)))
        let (clock, length) = (core.clock, pauseLength)
        do {
            if let failureLifetime {
                try await storeFailure(token, text, failureLifetime)
            } else {
                try await core.database.writeToTheEnd { transaction in
                    try store.fail(
                        entryKey, token: token, text, until: clock.milliseconds() + length, in: transaction)
                }
            }
        } catch {
            if core.isDamage(error) { return }
            core.logger.warning(
                "The failure of a computation could not be told to other processes; they wait for its deadline",
                metadata: ["error": "\(error)"])
        }
    }

    private func storeFailure(_ token: Int64, _ text: String, _ lifetime: Duration) async throws {
        let (store, clock, visited) = (core.store, core.clock, core.visited)
        var new = try cache.newEntry(.after(lifetime), tags)
        new = new.with(StoredValue(.text(text), flags: .failure))
        let change = CacheChange(key: entryKey, kind: .set(new, .none))
        let length = pauseLength
        let departures = try await core.database.writeToTheEnd { transaction in
            let now = clock.milliseconds()
            return try store.completeFailure(
                change, token: token, text, until: now + length, at: now,
                visited: visited, in: transaction)
        }
        core.counters.add(departures)
    }

    /// Gives the right to compute back.
    private func end(_ token: Int64) async {
        let (store, entryKey) = (core.store, entryKey)
        do {
            try await core.database.writeToTheEnd { transaction in
                try store.endFlight(entryKey, token: token, in: transaction)
            }
        } catch {
            if core.isDamage(error) { return }
            core.logger.debug(
                "A computation could not be given back; its deadline ends it", metadata: ["error": "\(error)"])
        }
    }

    private func late() -> any Error {
        CacheError(
            .timedOut,
            "Computing the entry \(key): it took longer than \(core.configuration.computationTimeout). Make it faster, or "
                + "raise `computationTimeout`")
    }

    static func failed(_ stored: StoredValue, _ key: String) -> CacheError {
        guard case .text(let text) = stored.content else { return failed("", key) }
        return failed(text, key)
    }

    static func failed(_ text: String, _ key: String) -> CacheError {
        CacheError(
            .computationFailed,
            "Computing the entry \(key): another attempt, which this call would have shared, failed: \(text)")
    }

    // MARK: Waiting

    /// Waits until the flight of another process is over.
    ///
    /// - Returns: The process's name if it has died.
    /// - Throws: `CacheError` with `computationFailed`; `CancellationError`.
    private func wait(for flight: CacheStore.Flight) async throws -> String? {
        let commits = core.database.commits().makeAsyncIterator()
        let clock = ContinuousClock()
        var (patience, state) = (Patience(), core.database.changeToken())
        while await commits.next(within: min(patience.length, remaining(of: flight))) {
            try Task.checkCancellation()
            let isCommit = try !core.database.isCurrent(state)
            state = core.database.changeToken()
            let found = try core.database.read { snapshot in try core.store.flight(entryKey, in: snapshot) }
            guard let found, found.token == flight.token else { return nil }
            if let failure = found.failure { throw Self.failed(failure, key) }
            if found.deadline <= core.clock.milliseconds() { return nil }
            if patience.isOver(afterCommit: isCommit, at: clock.now),
                ProcessMark.isDead(flight.process, in: core.database.runDirectory)
            {
                return flight.process
            }
        }
        try Task.checkCancellation()
        try core.database.checkUsable()
        return nil
    }

    private func remaining(of flight: CacheStore.Flight) -> Duration {
        .milliseconds(max(1, flight.deadline - core.clock.milliseconds()))
    }
}
