import Synchronization

/// The counters of every namespace that this process has used.
final class CounterSets: Sendable {
    private let sets = Mutex<[String: CounterSet]>([:])

    /// The counters of a namespace, made with its first use.
    func set(_ name: String) -> CounterSet {
        sets.withLock { sets in
            if let set = sets[name] { return set }
            let set = CounterSet(name: name, index: sets.count)
            sets[name] = set
            return set
        }
    }

    var all: [CounterSet] { sets.withLock { $0.values.sorted { $0.index < $1.index } } }

    func add(_ departures: [String: Ledger.Departures]) {
        for (name, departed) in departures {
            let set = set(name)
            set.evictions.count(departed.evicted)
            set.expirations.count(departed.expired)
        }
    }
}
