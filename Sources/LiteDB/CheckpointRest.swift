/// How long checkpoints rest after one that readers held back.
///
/// A checkpoint stops the writers for a moment, in vain if a reader stays. So the rest is a multiple of that moment, and
/// doubles each time: a reader that is open for minutes costs the writers next to nothing.
struct CheckpointRest {
    private var heldBackCount = 0

    private static let longest = Duration.seconds(10)

    /// - Parameters:
    ///   - stopped: For how long the checkpoint stopped the writers.
    ///   - isHeldBack: Whether a reader of an older snapshot kept it from copying everything.
    mutating func after(stoppingFor stopped: Duration, isHeldBack: Bool) -> Duration {
        guard isHeldBack else {
            heldBackCount = 0
            return .zero
        }
        heldBackCount = min(heldBackCount + 1, 16)
        return min(stopped * (1 << heldBackCount), Self.longest)
    }
}
