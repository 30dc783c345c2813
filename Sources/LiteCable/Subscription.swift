import LiteDB

extension Cable {
    /// The events of some channels, in the order of commits, until the cable is closed or the task is cancelled.
    ///
    /// Each iterator starts where the subscription was made, and is for one task.
    public struct Subscription: AsyncSequence, Sendable {
        /// A message or a gap.
        public typealias Element = Event
        /// `DatabaseError`, or `CableError` with `tooSlow`.
        public typealias Failure = any Error

        let router: Router
        let matcher: ChannelMatcher
        let start: Cursor
        /// Whether `start` is known to be a place of this log.
        let isChecked: Bool
        let policy: SlowPolicy
        let connection: ConnectionID?
        /// How much it holds at a time when it lags.
        let portion: CableStore.Portion
        /// Called when it begins to listen.
        let onListening: @Sendable () -> Void

        /// Starts to deliver.
        public func makeAsyncIterator() -> Iterator {
            Iterator(subscription: self)
        }

        /// Takes what was read for all subscribers, or reads the log where it stands further back.
        public struct Iterator: AsyncIteratorProtocol {
            private var reader: LogReader?
            private var failure: (any Error)?

            init(subscription: Subscription) {
                do {
                    reader = try LogReader(subscription)
                } catch {
                    failure = error
                }
            }

            /// Waits for the next event; nil once the cable is closed or the task is cancelled.
            ///
            /// - Throws: `DatabaseError` if the log could not be read, `CableError` with `tooSlow`. What was delivered
            ///   stays delivered; subscribe again after its cursor.
            @inlinable
            public mutating func next() async throws -> Event? {
                if let event = takeReady() { return event }
                return try await waitForMore(isolation: #isolation)
            }

            /// The same, on the caller's actor.
            @inlinable
            public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Event? {
                if let event = takeReady() { return event }
                return try await waitForMore(isolation: actor)
            }

            @usableFromInline
            mutating func takeReady() -> Event? {
                reader?.take()
            }

            @usableFromInline
            mutating func waitForMore(isolation actor: isolated (any Actor)?) async throws -> Event? {
                if let failure {
                    self.failure = nil
                    throw failure
                }
                while reader != nil, !Task.isCancelled {
                    do {
                        switch try reader?.fill() {
                        case .ready:
                            if let event = takeReady() { return event }
                            // Nothing of what was looked at concerns it: others of this thread's tasks want to run too.
                            await Task.yield()
                        case .wait:
                            guard await reader?.wait() == true else {
                                reader = nil
                                return nil
                            }
                        case .end, nil:
                            reader = nil
                        }
                    } catch {
                        reader = nil  // what follows would not be without a hole
                        if (error as? DatabaseError)?.code == .closed { return nil }
                        throw error
                    }
                }
                return nil
            }
        }
    }
}
