/// What the queue has acknowledged, to be compared with what is there.
struct JobLedger {
    var enqueued: Set<Int64> = []
    var cancelled: Set<Int64> = []

    mutating func add(_ other: JobLedger) {
        enqueued.formUnion(other.enqueued)
        cancelled.formUnion(other.cancelled)
    }
}
