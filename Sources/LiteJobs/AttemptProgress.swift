import Synchronization

/// What the worker and the handler of one attempt tell each other.
final class AttemptProgress: Sendable {
    private let completed = Atomic<Bool>(false)
    private let control: WorkerControl

    init(control: WorkerControl) {
        self.control = control
    }

    /// Whether the handler completed the job itself.
    var isCompleted: Bool { completed.load(ordering: .acquiring) }

    var isShuttingDown: Bool { control.phase != .running }

    func setCompleted() {
        completed.store(true, ordering: .releasing)
    }
}
