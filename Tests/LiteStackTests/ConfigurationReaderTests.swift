#if Configuration
import Configuration
import LiteDB
import LiteStack
import Testing

@Suite struct ConfigurationReaderTests {
    private func read(_ values: [AbsoluteConfigKey: ConfigValue]) async throws -> Stack.Configuration {
        try await Stack.Configuration(reading: ConfigReader(provider: InMemoryProvider(values: values)))
    }

    @Test func `settings are read, and what is not there keeps its default`() async throws {
        let settings = try await read([
            "litestack.database.durability": "normal", "litestack.database.readerCount": 7,
            "litestack.database.busyTimeout": 1.5, "litestack.database.checkpoints": "external",
            "litestack.cache.maximumBytes": 1_000_000,
        ])
        #expect(settings.database.durability == .normal)
        #expect(settings.database.readerCount == 7)
        #expect(settings.database.busyTimeout == .milliseconds(1500))
        #expect(settings.database.checkpoints == .external)
        #expect(settings.cache.maximumBytes == 1_000_000)
        let defaults = Stack.Configuration()
        #expect(settings.database.cacheBytes == defaults.database.cacheBytes)
        #expect(settings.cable.maximumBytes == defaults.cable.maximumBytes)
        #expect(settings.jobs.maximumPayloadBytes == defaults.jobs.maximumPayloadBytes)
    }

    @Test(
        arguments: [
            ["litestack.database.durability": "ful"], ["litestack.database.readerCount": 0],
            ["litestack.database.busyTimeout": -1.0], ["litestack.cable.maximumBytes": -5],
        ] as [[AbsoluteConfigKey: ConfigValue]])
    func `a value that cannot be is refused`(values: [AbsoluteConfigKey: ConfigValue]) async throws {
        await #expect { _ = try await read(values) } throws: { ($0 as? StackError)?.code == .configuration }
    }

    @Test func `a value of another type is refused, not ignored`() async throws {
        await #expect(throws: (any Error).self) { _ = try await read(["litestack.database.readerCount": "many"]) }
    }
}
#endif
