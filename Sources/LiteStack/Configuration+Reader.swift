#if Configuration
public import Configuration
internal import LiteDB

extension Stack.Configuration {
    /// Reads the settings that an operator may want to change without a new build, below `litestack`.
    ///
    /// | key | unit | of |
    /// | --- | --- | --- |
    /// | `litestack.database.durability` | `full` or `normal` | `Database.Configuration` |
    /// | `litestack.database.readerCount` | connections | the same |
    /// | `litestack.database.cacheBytes` | bytes | the same, and of the cache's file |
    /// | `litestack.database.busyTimeout` | seconds, with fractions | the same |
    /// | `litestack.database.checkpoints` | `automatic` or `external` | the same |
    /// | `litestack.cache.maximumBytes` | bytes | `Cache.Configuration` |
    /// | `litestack.jobs.maximumPayloadBytes` | bytes | `JobQueue.Configuration` |
    /// | `litestack.cable.maximumBytes` | bytes | `Cable.Configuration` |
    ///
    /// What is not there keeps its default. With the environment as the provider the first is
    /// `LITESTACK_DATABASE_DURABILITY`. With the trait `Configuration`.
    ///
    /// - Throws: `StackError` with `configuration` for a value that is not one of those, or not in its range; what the
    ///   provider throws, also for a value of another type.
    public init(reading reader: ConfigReader) async throws {
        self.init()
        let settings = reader.scoped(to: "litestack")
        try await readDatabase(from: settings.scoped(to: "database"))
        if let bytes = try await settings.positive("cache.maximumBytes") { cache.maximumBytes = bytes }
        if let bytes = try await settings.positive("jobs.maximumPayloadBytes") { jobs.maximumPayloadBytes = bytes }
        if let bytes = try await settings.positive("cable.maximumBytes") { cable.maximumBytes = bytes }
    }

    private mutating func readDatabase(from settings: ConfigReader) async throws {
        let durabilities = ["full": Database.Durability.full, "normal": .normal]
        if let durability = try await settings.choice("durability", of: durabilities) {
            database.durability = durability
        }
        if let count = try await settings.positive("readerCount") { database.readerCount = count }
        if let bytes = try await settings.positive("cacheBytes") { database.cacheBytes = bytes }
        if let seconds = try await settings.fetchDouble(forKey: "busyTimeout") {
            guard seconds >= 0, seconds < 1e9 else { throw StackError.invalid("busyTimeout", "seconds, not negative") }
            database.busyTimeout = .seconds(seconds)
        }
        let modes = ["automatic": Database.CheckpointMode.automatic, "external": .external]
        if let mode = try await settings.choice("checkpoints", of: modes) { database.checkpoints = mode }
    }
}

extension ConfigReader {
    fileprivate func positive(_ key: ConfigKey) async throws -> Int? {
        guard let value = try await fetchInt(forKey: key) else { return nil }
        guard value > 0 else { throw StackError.invalid("\(key)", "a whole number above 0") }
        return value
    }

    fileprivate func choice<Value>(_ key: ConfigKey, of values: [String: Value]) async throws -> Value? {
        guard let name = try await fetchString(forKey: key) else { return nil }
        guard let value = values[name] else {
            throw StackError.invalid("\(key)", values.keys.sorted().joined(separator: " or "))
        }
        return value
    }
}

extension StackError {
    fileprivate static func invalid(_ key: String, _ expected: String) -> StackError {
        StackError(.configuration, "Reading the setting \(key): it must be \(expected)")
    }
}
#endif
