import LiteDB

extension Cable {
    /// The events of some channels, in the order of commits, until the database is closed or the task is cancelled.
    ///
    /// Each iterator starts where the subscription was made, and is for one task.
    public struct Subscription: AsyncSequence, Sendable {
        /// A message or a gap.
        public typealias Element = Event

        let database: Database
        let store: CableStore
        let channels: [String]
        let start: Cursor

        /// Starts to deliver.
        public func makeAsyncIterator() -> Iterator {
            Iterator(subscription: self)
        }

        /// Reads the log as it is asked for events.
        public struct Iterator: AsyncIteratorProtocol {
            private let subscription: Subscription
            // The commits are listened to before the first read, so none can fall between the two.
            private var commits: CommitSequence.Iterator
            private var cursor: Cursor
            private var ready: [Event] = []
            private var next = 0
            private var isAtEnd = true

            init(subscription: Subscription) {
                self.subscription = subscription
                commits = subscription.database.changes(in: ["lite_cable_messages"]).makeAsyncIterator()
                cursor = subscription.start
            }

            /// Waits for the next event; nil once the database is closed or the task is cancelled.
            ///
            /// - Throws: `DatabaseError` if the log could not be read. What was delivered stays delivered; subscribe
            ///   again after its cursor.
            public mutating func next() async throws -> Event? {
                while next == ready.count {
                    if Task.isCancelled { return nil }
                    if isAtEnd {
                        guard await commits.next() != nil else { return nil }
                    }
                    try readOn()
                }
                defer { next += 1 }
                return ready[next]
            }

            private mutating func readOn() throws {
                let (store, channels, cursor) = (subscription.store, subscription.channels, cursor)
                let batch = try subscription.database.read { snapshot in
                    try store.batch(after: cursor, channels: channels, in: snapshot)
                }
                (ready, next) = (batch.events, 0)
                (self.cursor, isAtEnd) = (batch.cursor, batch.isAtEnd)
            }
        }
    }
}
