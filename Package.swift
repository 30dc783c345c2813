// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "litestack",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "LiteDB", targets: ["LiteDB"]),
        .library(name: "LiteCache", targets: ["LiteCache"]),
        .library(name: "LiteJobs", targets: ["LiteJobs"]),
        .library(name: "LiteCable", targets: ["LiteCable"]),
        .library(name: "LiteStack", targets: ["LiteStack"]),
        .library(name: "LiteStackHummingbird", targets: ["LiteStackHummingbird"]),
        .library(name: "LiteStackWebSocket", targets: ["LiteStackWebSocket"]),
        .library(name: "LiteStackTesting", targets: ["LiteStackTesting"]),
    ],
    traits: [
        .trait(
            name: "Hummingbird",
            description: "LiteStackHummingbird: routes and server-sent events for Hummingbird servers."
        ),
        .trait(
            name: "Configuration",
            description: "A stack's settings from a ConfigReader of swift-configuration."
        ),
        .trait(name: "Tokens", description: "LiteCable: signed channel tokens, by swift-crypto."),
        .default(enabledTraits: []),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.7.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.20.0", traits: []),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.0.0", traits: []),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.30.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", "3.12.3"..<"5.0.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CLiteStackSQLite",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]
        ),
        .systemLibrary(name: "CLiteStackZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(name: "LiteDB", dependencies: ["CLiteStackSQLite", .logging, .metrics, .tracing]),
        .target(name: "LiteCache", dependencies: ["LiteDB", "CLiteStackZlib", .logging, .metrics]),
        .target(name: "LiteJobs", dependencies: ["LiteDB", .logging, .metrics, .tracing, .spans, .lifecycle]),
        .target(name: "LiteCable", dependencies: ["LiteDB", .logging, .crypto]),
        .target(
            name: "LiteStack",
            dependencies: ["LiteDB", "LiteCache", "LiteJobs", "LiteCable", .logging, .lifecycle, .configuration]
        ),
        .target(
            name: "LiteStackHummingbird",
            dependencies: [
                "LiteStack", "LiteCable", "LiteCache", "LiteDB", .logging, .lifecycle, .hummingbird, .httpTypes,
                .nioCore,
            ]
        ),
        .target(
            name: "LiteStackWebSocket",
            dependencies: [
                "LiteCable", "LiteStackHummingbird", .lifecycle, .hummingbird, .hummingbirdCore, .httpTypes, .nioCore,
                .nioExtras, .nioHTTP1, .nioHTTPTypes, .nioHTTPTypesHTTP1, .nioWebSocket, .logging,
            ]
        ),
        .target(name: "LiteStackTesting", dependencies: ["LiteStack", .logging, .lifecycle]),

        .target(name: "CLiteStackFaults", path: "Tests/CLiteStackFaults"),
        .executableTarget(
            name: "LiteDBCrashHelper",
            dependencies: ["LiteDB", "CLiteStackSQLite", "CLiteStackFaults", .logging],
            path: "Tests/LiteDBCrashHelper"
        ),
        .executableTarget(
            name: "LiteStackTorture",
            dependencies: ["LiteDB", "LiteJobs", "LiteStackTesting", "CLiteStackFaults", .logging],
            path: "Tests/LiteStackTorture"),
        .testTarget(
            name: "LiteDBTests",
            dependencies: [
                "LiteDB", "LiteStackTesting", "CLiteStackSQLite", "CLiteStackFaults", "LiteDBCrashHelper", .logging,
                .metricsTestKit,
            ]
        ),
        .executableTarget(
            name: "LiteCacheCrashHelper", dependencies: ["LiteCache"], path: "Tests/LiteCacheCrashHelper"),
        .testTarget(
            name: "LiteCacheTests",
            dependencies: [
                "LiteCache", "LiteStackTesting", "LiteCacheCrashHelper", "CLiteStackFaults", .logging, .metrics,
                .metricsTestKit,
            ]),
        .executableTarget(
            name: "LiteStackCrashHelper", dependencies: ["LiteStack", .logging, .lifecycle, .unixSignals],
            path: "Tests/LiteStackCrashHelper"),
        .testTarget(
            name: "LiteJobsTests",
            dependencies: [
                "LiteJobs", "LiteStackTesting", "LiteStackCrashHelper", "CLiteStackFaults", .logging, .lifecycle,
                .metrics, .tracing, .spans, .inMemoryTracing,
            ]
        ),
        .testTarget(name: "LiteCableTests", dependencies: ["LiteCable", "LiteStackTesting", "LiteStackCrashHelper"]),
        .testTarget(
            name: "LiteStackTests",
            dependencies: ["LiteStack", "LiteStackTesting", .logging, .lifecycle, .configuration]),
        .testTarget(
            name: "LiteStackHummingbirdTests",
            dependencies: [
                "LiteStackHummingbird", "LiteStackWebSocket", "LiteCable", "LiteCache", "LiteStack", "LiteStackTesting",
                "LiteDB", "LiteStackSocketServer", .hummingbird, .hummingbirdCore, .httpTypes, .lifecycle, .logging,
                .nioCore, .nioHTTP1, .nioPosix,
            ]),
        .executableTarget(
            name: "LiteStackSocketServer",
            dependencies: [
                "LiteStack", "LiteStackHummingbird", "LiteStackWebSocket", .hummingbird, .hummingbirdCore, .lifecycle,
                .signals, .logging,
            ], path: "Tests/LiteStackSocketServer"),
        .testTarget(
            name: "LiteStackTestingTests",
            dependencies: ["LiteDB", "LiteStack", "LiteStackTesting", "LiteDBCrashHelper"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system && !target.name.hasPrefix("C") {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("InferIsolatedConformances"),
        .enableUpcomingFeature("ImmutableWeakCaptures"),
        .treatAllWarnings(as: .error),
    ]
}

extension Target.Dependency {
    static let logging: Self = .product(name: "Logging", package: "swift-log")
    static let metrics: Self = .product(name: "CoreMetrics", package: "swift-metrics")
    static let metricsTestKit: Self = .product(name: "MetricsTestKit", package: "swift-metrics")
    static let tracing: Self = .product(name: "Instrumentation", package: "swift-distributed-tracing")
    static let spans: Self = .product(name: "Tracing", package: "swift-distributed-tracing")
    static let inMemoryTracing: Self = .product(name: "InMemoryTracing", package: "swift-distributed-tracing")
    static let unixSignals: Self = .product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let lifecycle: Self = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let signals: Self = .product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let configuration: Self = .product(
        name: "Configuration", package: "swift-configuration", condition: .when(traits: ["Configuration"]))
    static let crypto: Self = .product(
        name: "Crypto", package: "swift-crypto", condition: .when(traits: ["Tokens"]))
    static let hummingbird: Self = .product(
        name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Hummingbird"]))
    static let httpTypes: Self = .product(
        name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["Hummingbird"]))
    static let nioCore: Self = .product(
        name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Hummingbird"]))
    static let nioHTTP1: Self = .product(
        name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Hummingbird"]))
    static let nioPosix: Self = .product(
        name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Hummingbird"]))
    static let nioWebSocket: Self = .product(
        name: "NIOWebSocket", package: "swift-nio", condition: .when(traits: ["Hummingbird"]))
    static let nioExtras: Self = .product(
        name: "NIOExtras", package: "swift-nio-extras", condition: .when(traits: ["Hummingbird"]))
    static let nioHTTPTypes: Self = .product(
        name: "NIOHTTPTypes", package: "swift-nio-extras", condition: .when(traits: ["Hummingbird"]))
    static let nioHTTPTypesHTTP1: Self = .product(
        name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras", condition: .when(traits: ["Hummingbird"]))
    static let hummingbirdCore: Self = .product(
        name: "HummingbirdCore", package: "hummingbird", condition: .when(traits: ["Hummingbird"]))
}
