import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCache

@Suite(.timeLimit(.minutes(5))) struct MemoryShardTests {
    /// Against a dictionary, with hashes that meet in few slots, so that gaps have to be closed.
    @Test func `it does what a dictionary does`() async throws {
        try await withTemporaryDatabase { database in
            var shard = MemoryShard(maximumBytes: 1 << 20, token: database.changeToken(), sequence: 0)
            var model: [Int64: Int64] = [:]
            var generator = SystemRandomNumberGenerator()
            for version in Int64(1)...20_000 {
                let hash =
                    Int64.random(in: 0..<40, using: &generator) &* 16 &+ Int64.random(in: 0..<3, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0:
                    shard.insert(entry(hash, version))
                    model[hash] = version
                case 1:
                    shard.remove(hash)
                    model[hash] = nil
                default:
                    #expect(shard.entry(hash)?.version == model[hash])
                }
            }
            for (hash, version) in model { #expect(shard.entry(hash)?.version == version) }
            #expect(shard.bytes == model.count * 10)
        }
    }

    @Test func `an entry is dropped by a later change and not by its own`() async throws {
        try await withTemporaryDatabase { database in
            var shard = MemoryShard(maximumBytes: 1 << 20, token: database.changeToken(), sequence: 0)
            shard.insert(entry(1, 5))
            shard.drop(1, before: 5)
            #expect(shard.entry(1) != nil)
            shard.drop(1, before: 6)
            #expect(shard.entry(1) == nil)
        }
    }

    private func entry(_ hash: Int64, _ version: Int64) -> MemoryEntry {
        MemoryValue(
            0, EntryIdentity(hash: hash, key: "", scope: 0), bytes: 10,
            EntryFacts(
                version: version, expiresAt: .max, position: 0, tags: [], tagsAt: 0, storedBytes: 0, sweepAt: nil))
    }
}
