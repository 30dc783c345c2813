import Logging
import Synchronization

/// A folder that is removed when it is closed, or forgotten.
final class TemporaryFolder: Sendable {
    let path: String
    private let isRemoved = Atomic<Bool>(false)

    init(path: String) {
        self.path = path
    }

    deinit {
        // Forgotten, not closed: there is nobody to tell if it fails.
        guard !isRemoved.exchange(true, ordering: .sequentiallyConsistent) else { return }
        try? StackFolder.remove(path)
    }

    func remove(_ logger: Logger) {
        guard !isRemoved.exchange(true, ordering: .sequentiallyConsistent) else { return }
        do {
            try StackFolder.remove(path)
        } catch {
            logger.warning("A temporary folder could not be removed", metadata: ["error": "\(error)"])
        }
    }
}
