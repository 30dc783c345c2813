/// Who wants to be looked at when, in steps of time: only who is due costs something, not who waits.
struct Deadlines<ID: Hashable & Sendable>: Sendable {
    private var steps: [ID: Int64] = [:]
    private var due: [Int64: Set<ID>] = [:]

    /// The first step at which somebody is due.
    var first: Int64? { due.keys.min() }

    /// Looks at it in this step, or in an earlier one that it has already: whoever is looked at too early waits on.
    ///
    /// - Returns: Whether it is this step now.
    @discardableResult
    mutating func set(_ id: ID, to step: Int64) -> Bool {
        if let known = steps[id] {
            guard step < known else { return false }
            take(id, from: known)
        }
        steps[id] = step
        due[step, default: []].insert(id)
        return true
    }

    mutating func remove(_ id: ID) {
        guard let step = steps.removeValue(forKey: id) else { return }
        take(id, from: step)
    }

    /// Takes out everyone who is due by this step.
    mutating func take(through step: Int64) -> [ID] {
        let over = due.keys.filter { $0 <= step }
        let taken = over.flatMap { due.removeValue(forKey: $0) ?? [] }
        for id in taken { steps[id] = nil }
        return taken
    }

    private mutating func take(_ id: ID, from step: Int64) {
        due[step]?.remove(id)
        if due[step]?.isEmpty == true { due[step] = nil }
    }
}
