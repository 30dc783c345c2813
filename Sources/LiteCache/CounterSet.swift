import Synchronization

/// What happened to the entries of one namespace in this process, but for the hits in memory, which the memory layer counts.
final class CounterSet: Sendable {
    let name: String
    /// Its place among all of them; negative for the one that stands for many.
    let index: Int
    let diskHits = Atomic<Int>(0)
    let misses = Atomic<Int>(0)
    let sets = Atomic<Int>(0)
    let evictions = Atomic<Int>(0)
    let expirations = Atomic<Int>(0)

    init(name: String, index: Int) {
        self.name = name
        self.index = index
    }
}

extension Atomic<Int> {
    func count(_ count: Int = 1) { wrappingAdd(count, ordering: .relaxed) }

    var now: Int { load(ordering: .relaxed) }
}
