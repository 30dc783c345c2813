import LiteDB
import Logging

extension Cable {
    /// Removes messages that have become too old, once a minute, until its task is cancelled or the database is closed.
    /// `Stack.run()` does it. Publishing removes too, so only a log that has become quiet needs this.
    public func run() async {
        while !Task.isCancelled {
            do {
                try await trim()
            } catch let error as DatabaseError where error.code == .closed {
                return
            } catch {
                logger.warning("Old messages could not be removed; it is tried again", metadata: ["error": "\(error)"])
            }
            // Cancelled: the loop ends.
            try? await Task.sleep(for: .seconds(60))
        }
    }

    /// Removes what is over the limits now. A write transaction for each 256 messages of a retention, so that others can
    /// write between them; one that removes nothing if there is nothing.
    ///
    /// - Throws: `DatabaseError`.
    public func trim() async throws {
        let (store, clock) = (store, clock)
        while !Task.isCancelled {
            let hasMore = try await database.write { transaction in
                try store.trim(
                    upTo: try store.head(in: transaction), at: clock.milliseconds(), in: transaction)
            }
            guard hasMore else { return }
        }
    }
}
