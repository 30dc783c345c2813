import Synchronization

/// The counters of the namespaces that this process has used.
///
/// Bounded: an application may have a namespace for each of its users. Those that come late are counted together.
final class CounterSets: Sendable {
    static let maximumCount = 1_024
    /// What the late ones are called.
    static let othersName = "(others)"

    private let sets = Mutex<[String: CounterSet]>([:])
    private let others = CounterSet(name: othersName, index: -1)

    /// The counters of a namespace, made with its first use.
    func set(_ name: String) -> CounterSet {
        sets.withLock { sets in
            if let set = sets[name] { return set }
            // The cache's own is always there.
            guard sets.count < Self.maximumCount || name.isEmpty else { return others }
            let set = CounterSet(name: name, index: sets.count)
            sets[name] = set
            return set
        }
    }

    var all: [CounterSet] {
        sets.withLock { sets in
            sets.values.sorted { $0.index < $1.index } + (sets.count < Self.maximumCount ? [] : [others])
        }
    }

    func add(_ departures: [String: Ledger.Departures]) {
        for (name, departed) in departures {
            let set = set(name)
            set.evictions.count(departed.evicted)
            set.expirations.count(departed.expired)
        }
    }
}
