/// An element after commits by any process, for as long as the database is open.
///
/// The first element comes at once, so that a loop body that reads what is there misses nothing. Commits that come
/// while the body runs are one element. Delivery costs about 0.1 ms across processes and no polling; where the
/// doorbell is missing, or a foreign program wrote, a look every 100 ms (400 ms after two seconds in which nothing
/// happened) finds the commit.
///
/// An element can come without a commit: for one, when another process that had the file open has closed it or has died.
///
/// Each iterator is for one task.
public struct CommitSequence: AsyncSequence, Sendable {
    /// Nothing is passed: read what you need.
    public typealias Element = Void

    let hub: CommitHub
    let tables: Set<String>?

    /// Starts to listen.
    public func makeAsyncIterator() -> Iterator {
        Iterator(hub: hub, listener: CommitListener(tables: tables))
    }

    /// Listens until it is gone.
    public final class Iterator: AsyncIteratorProtocol {
        private let hub: CommitHub
        private let listener: CommitListener

        init(hub: CommitHub, listener: CommitListener) {
            self.hub = hub
            self.listener = listener
            hub.add(listener)
        }

        deinit {
            hub.remove(listener)
        }

        /// Waits for a commit; nil once the database is closed or the task is cancelled.
        public func next() async -> Void? {
            await listener.next() ? () : nil
        }

        /// Waits for a commit, but no longer than `limit`; false once the database is closed or the task is cancelled.
        package func next(within limit: Duration) async -> Bool {
            let listener = listener
            let timer = Task {
                // Cancelled: something else came first.
                try? await Task.sleep(for: limit)
                if !Task.isCancelled { listener.signal() }
            }
            defer { timer.cancel() }
            return await listener.next()
        }

        /// The same, on the caller's actor.
        public func next(isolation actor: isolated (any Actor)?) async -> Void? {
            await listener.next() ? () : nil
        }
    }
}
