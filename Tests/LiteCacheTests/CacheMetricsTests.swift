import CoreMetrics
import LiteStackTesting
import MetricsTestKit
import Testing

@testable import LiteCache

/// What the cache tells swift-metrics.
@Suite(.timeLimit(.minutes(5))) struct CacheMetricsTests {
    @Test func `what happened since the last time is emitted, by namespace and layer, and how full the cache is`()
        async throws
    {
        let (metrics, wall) = (TestMetrics(), TestWall())
        var configuration = configuration(maximumBytes: 20_000)
        configuration.now = wall.now
        configuration.memoryStripeCount = 1
        try await withCache(configuration) { cache in
            let pages = cache.namespace("pages")
            for number in 0..<80 { try await cache.set("key \(number)", [UInt8](repeating: 1, count: 200)) }
            try await pages.set("brief", 1, expiresIn: .seconds(16))
            for _ in 0..<3 { #expect(try await pages.get("brief", as: Int.self) == 1) }
            #expect(try await pages.exists("brief"))
            #expect(try await pages.get("none", as: Int.self) == nil)
            try await withMetricsFactory(metrics) {
                try await cache.maintain()
                wall.advance(by: .seconds(60))
                try await cache.maintain()
                try await cache.maintain()
            }
            func count(_ name: String, _ namespace: String, layer: String? = nil) throws -> Int64 {
                let layer = layer.map { [("layer", $0)] } ?? []
                return try metrics.expectCounter("litestack.cache.\(name)", [("namespace", namespace)] + layer)
                    .totalValue
            }
            #expect(try count("sets", "") == 80)
            #expect(try count("sets", "pages") == 1)
            #expect(try count("hits", "pages", layer: "memory") == 3)
            #expect(try count("hits", "pages", layer: "disk") == 1)
            #expect(try count("misses", "pages") == 1)
            #expect(try count("expirations", "pages") == 1)
            let statistics = try await cache.statistics()
            #expect(try count("evictions", "") == Int64(80 - statistics.entryCount))
            #expect(statistics.activity.evictions > 10)
            #expect(try metrics.expectGauge("litestack.cache.bytes").lastValue == Double(statistics.bytes))
            #expect(try metrics.expectGauge("litestack.cache.entries").lastValue == Double(statistics.entryCount))
            #expect(try metrics.expectGauge("litestack.cache.oldest_age_seconds").lastValue == 60)
        }
    }
}
