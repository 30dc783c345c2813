import Foundation
import LiteDB
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteCache

/// How values stand in the file and in memory.
@Suite(.timeLimit(.minutes(5))) struct CacheValueTests {
    private struct Page: Codable, Equatable {
        var title: String
    }

    /// JSON behind a mark of its own, that counts.
    private final class CountingCoder: CacheCoder {
        let decodedCount = Atomic(0)

        func encode(_ value: some Encodable) throws -> [UInt8] {
            try [0x2A] + Array(JSONEncoder().encode(value))
        }

        func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
            decodedCount.add(1, ordering: .relaxed)
            return try JSONDecoder().decode(type, from: Data(bytes.dropFirst()))
        }
    }

    private func configuration(memoryBytes: Int, _ coder: any CacheCoder = .json) -> Cache.Configuration {
        var configuration = Cache.Configuration()
        configuration.memoryBytes = memoryBytes
        configuration.memoryStripeCount = 1
        configuration.coder = coder
        return configuration
    }

    @Test func `bytes, text and numbers stand in the file as they are, all else as the coder writes it`() async throws {
        try await withCache(configuration(memoryBytes: 0, CountingCoder())) { cache in
            try await cache.set("bytes", [UInt8]([0, 255]))
            try await cache.set("data", Data([1, 2]))
            try await cache.set("integer", Int.min)
            try await cache.set("small", UInt8(7))
            try await cache.set("page", Page(title: "Gallery"))
            try await cache.set("real", 0.25)
            try await cache.set("text", "Grüße")
            let stored = try cache.core.database.read { snapshot in
                try snapshot.all(
                    "SELECT typeof(value) || ' ' || hex(value) FROM lite_cache_entries ORDER BY key", as: String.self)
            }
            let json = Array(try JSONEncoder().encode(Page(title: "Gallery")))
            let hex = ([0x2A] + json).map { String(format: "%02X", $0) }.joined()
            let decimals = Array("-9223372036854775808".utf8).map { String(format: "%02X", $0) }.joined()
            #expect(
                stored == [
                    "blob 00FF", "blob 0102", "integer \(decimals)", "blob \(hex)", "real 302E3235", "integer 37",
                    "text 4772C3BCC39F65",
                ])
            #expect(try await cache.get("bytes") == [UInt8]([0, 255]))
            #expect(try await cache.get("data") == Data([1, 2]))
            #expect(try await cache.get("integer") == Int.min)
            #expect(try await cache.get("small") == UInt8(7))
            #expect(try await cache.get("page") == Page(title: "Gallery"))
            #expect(try await cache.get("real") == 0.25)
            #expect(try await cache.get("text") == "Grüße")
        }
    }

    @Test func `memory holds the decoded value, and can be switched off`() async throws {
        for (memoryBytes, decodedCount) in [(1 << 20, 1), (0, 5)] {
            try await withTemporaryDirectory { folder in
                let coder = CountingCoder()
                let path = folder + "/cache.sqlite3"
                let writer = try await Cache.open(at: path, configuration: configuration(memoryBytes: 0, coder))
                try await writer.set("page", Page(title: "Gallery"))
                let cache = try await Cache.open(
                    at: path, configuration: configuration(memoryBytes: memoryBytes, coder))
                for _ in 0..<5 { #expect(try await cache.get("page") == Page(title: "Gallery")) }
                #expect(coder.decodedCount.load(ordering: .relaxed) == decodedCount)
                #expect(try await cache.statistics().activity.memoryHits == 5 - decodedCount)
                await cache.close()
                await writer.close()
            }
        }
        #expect(Cache.Configuration().memoryBytes > 0)
    }

    @Test func `what does not decode is told with its key and type, and stays`() async throws {
        for memoryBytes in [0, 1 << 20] {
            try await withCache(configuration(memoryBytes: memoryBytes)) { cache in
                try await cache.set("the page", Page(title: "Gallery"))
                for _ in 0..<2 {
                    await #expect { try await cache.get("the page", as: [Int].self) } throws: { error in
                        guard let error = error as? CacheError, error.code == .undecodable else { return false }
                        return error.message.contains("the page") && error.message.contains("Array<Int>")
                            && !error.message.contains("Gallery")
                    }
                }
                #expect(try await cache.get("the page") == Page(title: "Gallery"))
            }
        }
    }

    @Test func `an entry in a form of a later release, encrypted for one, is told and stays`() async throws {
        try await withCache(configuration(memoryBytes: 0)) { cache in
            try await cache.set("key", [UInt8]([1, 2]))
            try await cache.core.database.execute("UPDATE lite_cache_entries SET flags = flags | 4")
            await #expect { try await cache.get("key", as: [UInt8].self) } throws: {
                ($0 as? CacheError)?.code == .undecodable
            }
            #expect(try await cache.exists("key"))
            let computed = try await cache.fetch("key") { [UInt8]([7]) }
            #expect(computed == [7])
        }
    }

    @Test func `reading writes nothing`() async throws {
        for memoryBytes in [0, 1 << 20] {
            try await withCache(configuration(memoryBytes: memoryBytes)) { cache in
                for number in 0..<100 { try await cache.set("key \(number)", number) }
                let database = cache.core.database
                let token = database.changeToken()
                for number in 0..<150 {
                    _ = try await cache.get("key \(number)", as: Int.self)
                    _ = try await cache.exists("key \(number)")
                    _ = try await cache.ttl("key \(number)")
                    _ = try await cache.entry("key \(number)", as: Int.self)
                    if number < 100 { _ = try await cache.fetch("key \(number)") { -1 } }
                }
                _ = try await cache.getMany((0..<100).map { "key \($0)" }, as: Int.self)
                #expect(try database.isCurrent(token))
            }
        }
    }
}
