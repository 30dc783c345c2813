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
        .library(name: "LiteStackTesting", targets: ["LiteStackTesting"]),
    ],
    traits: [
        .trait(
            name: "Hummingbird",
            description: "LiteStackHummingbird: routes and server-sent events for Hummingbird servers."
        ),
        .default(enabledTraits: []),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log.git", from: "1.14.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.20.0", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CLiteStackSQLite",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]
        ),
        .target(name: "LiteDB", dependencies: ["CLiteStackSQLite", .logging]),
        .target(name: "LiteCache", dependencies: ["LiteDB", .logging]),
        .target(name: "LiteJobs", dependencies: ["LiteDB", .logging, .lifecycle]),
        .target(name: "LiteCable", dependencies: ["LiteDB", .logging]),
        .target(
            name: "LiteStack",
            dependencies: ["LiteDB", "LiteCache", "LiteJobs", "LiteCable", .logging, .lifecycle]
        ),
        .target(
            name: "LiteStackHummingbird",
            dependencies: ["LiteStack", .logging, .hummingbird]
        ),
        .target(name: "LiteStackTesting", dependencies: ["LiteStack", .logging, .lifecycle]),

        .target(name: "CLiteStackFaults", path: "Tests/CLiteStackFaults"),
        .executableTarget(
            name: "LiteDBCrashHelper",
            dependencies: ["LiteDB", .logging],
            path: "Tests/LiteDBCrashHelper"
        ),
        .testTarget(
            name: "LiteDBTests",
            dependencies: ["LiteDB", "LiteStackTesting", "CLiteStackFaults", "LiteDBCrashHelper", .logging]
        ),
        .testTarget(name: "LiteCacheTests", dependencies: ["LiteCache", "LiteStackTesting"]),
        .testTarget(name: "LiteJobsTests", dependencies: ["LiteJobs", "LiteStackTesting", .lifecycle]),
        .testTarget(name: "LiteCableTests", dependencies: ["LiteCable", "LiteStackTesting"]),
        .testTarget(name: "LiteStackTests", dependencies: ["LiteStack", "LiteStackTesting", .lifecycle]),
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
    static let lifecycle: Self = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let hummingbird: Self = .product(
        name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Hummingbird"]))
}
