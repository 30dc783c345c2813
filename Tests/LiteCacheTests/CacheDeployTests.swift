import LiteStackTesting
import Testing

@testable import LiteCache
@testable import LiteDB

/// A newer release opens the file while a process of this one uses it.
@Suite(.timeLimit(.minutes(5))) struct CacheDeployTests {
    private let helper = ChildProcess.builtExecutable("LiteCacheCrashHelper")

    /// The tables of a newer release.
    private func newer(_ step: ComponentSchema.Step) -> ComponentSchema {
        ComponentSchema(component: "cache", steps: CacheSchema.tables.steps + [step])
    }

    /// Has the newer release prepare the file, as it does first of all.
    private func upgrade(_ path: String, _ step: ComponentSchema.Step) async throws {
        let database = try await Database.open(at: path)
        try await database.prepare(newer(step))
        await database.close()
    }

    @Test func `beside a newer release that it can live with a process goes on, and each sees the other's changes`()
        async throws
    {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            try await withChildProcess(helper, arguments: ["deploy", path, "key"]) { old in
                _ = try await old.line { $0 == "value -1" }
                try await upgrade(
                    path,
                    .init(
                        oldestUsable: 2, sql: "ALTER TABLE lite_cache_entries ADD COLUMN note TEXT NOT NULL DEFAULT ''")
                )
                let cache = try await Cache.open(at: path)
                #expect(!cache.isDegraded)
                let turns = try await cache.get("turns of the old release", as: Int.self) ?? 0
                #expect(turns > 0)
                for number in 1...3 {
                    try await cache.set("key", number)
                    _ = try await old.line { $0 == "value \(number)" }
                }
                try await eventually("it goes on", within: .seconds(30)) {
                    try await cache.get("turns of the old release", as: Int.self) ?? 0 > turns
                }
                #expect(old.exit == nil)
                await cache.close()
            }
        }
    }

    @Test(arguments: [
        "DROP TABLE lite_cache_entries; CREATE TABLE lite_cache_entries (id INTEGER PRIMARY KEY) STRICT;",
        "ALTER TABLE lite_cache_log RENAME COLUMN hashes TO changes;",
    ])
    func `beside a newer release whose tables it cannot use a process does without, and damages nothing`(
        sql: String
    ) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/cache.sqlite3"
            try await withChildProcess(helper, arguments: ["deploy", path, "key"]) { old in
                _ = try await old.line { $0 == "value -1" }
                try await upgrade(path, .init(oldestUsable: CacheSchema.tables.version + 1, sql: sql))
                _ = try await old.line { $0 == "degraded true 7 -1" }
                #expect(try await old.waitForExit() == .exited(0))
                // The file is the newer release's: nobody sets it aside.
                let database = try await Database.open(at: path)
                try await database.prepare(
                    newer(.init(oldestUsable: CacheSchema.tables.version + 1, sql: "SELECT no_such_function()")))
                await database.close()
            }
        }
    }
}
