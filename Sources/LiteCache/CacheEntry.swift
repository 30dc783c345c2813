extension Cache {
    /// Which state of an entry: every change of it gives it another, never one that it had before.
    public struct Version: Sendable, Hashable {
        let number: Int64
    }

    /// A value with its version.
    public struct Entry<Value: Sendable>: Sendable {
        /// The value.
        public let value: Value
        /// Which state of the entry it is.
        public let version: Version
    }
}

extension Cache.Entry: Equatable where Value: Equatable {}
