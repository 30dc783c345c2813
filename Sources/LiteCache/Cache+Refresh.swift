import LiteDB

/// What a stale entry needs.
enum Refresh: Sendable {
    /// Somebody is at it, or failed just now.
    case none
    /// Compute; the process of that name, which was at it, is dead.
    case due(dead: String?)
}

extension Cache {
    /// Whether this process should refresh a stale entry. No I/O while a pause lasts; else at most a look at whether another
    /// process lives.
    ///
    /// - Parameter flight: The row of the computation that is under way, or failed, if there is one.
    func refresh(_ key: EntryKey, _ flight: CacheStore.Flight?, tags: [String]) -> Refresh {
        let now = core.clock.milliseconds()
        if core.pauses.contains(key, at: now) { return .none }
        guard let flight, flight.deadline > now else { return .due(dead: nil) }
        if flight.failure != nil {
            core.pauses.add(key, until: flight.deadline, at: now)
            return .none
        }
        // What is computed is too old already, and will not be stored.
        if core.store.isOutdated(flight, for: scope.buckets(tags, core.tags)) { return .due(dead: nil) }
        if ProcessMark.isDead(flight.process, in: core.database.runDirectory) { return .due(dead: flight.process) }
        core.pauses.add(key, until: min(flight.deadline, now + RefreshPauses.whileElsewhere), at: now)
        return .none
    }
}
