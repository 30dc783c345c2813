import Foundation
import LiteStackTesting
import Testing

@testable import LiteDB

@Suite struct SQLFunctionTests {
    struct Refused: Error, CustomStringConvertible { let description = "not today" }

    private static let functions = [
        SQLFunction("reversed", argumentCount: 1) { .text(String(try String(sqlValue: $0[0]).reversed())) },
        SQLFunction("describe") { arguments in .text(arguments.map(\.storageClass).joined(separator: " ")) },
        SQLFunction("same", argumentCount: 1) { $0[0] },
        SQLFunction("refuse", argumentCount: 0) { _ in throw Refused() },
        SQLFunction("roll", argumentCount: 0, isDeterministic: false) { _ in .integer(4) },
    ]

    private func withFunctions(_ body: (Database) async throws -> Void) async throws {
        try await withNotes({ $0.functions = Self.functions }, body)
    }

    @Test func `it can be called in reads and in writes`() async throws {
        try await withFunctions { database in
            try await database.execute("INSERT INTO notes (body) VALUES (reversed('olleh'))")
            try database.expectNotes(["hello"])
            let back = try database.read { try $0.first("SELECT reversed(body) FROM notes", as: String.self) }
            #expect(back == "olleh")
        }
    }

    @Test(arguments: [
        SQLValue.null, .integer(.min), .real(1.5), .text(""), .text("a\0b"), .blob([]), .blob([0, 1]),
    ])
    func `every kind of value goes in and comes out`(value: SQLValue) async throws {
        try await withFunctions { database in
            let back = try database.read { try $0.first("SELECT same(\(value))", as: SQLValue.self) }
            #expect(back == value)
        }
    }

    @Test func `it takes any number of arguments if it says so`() async throws {
        try await withFunctions { database in
            try database.read { snapshot in
                let classes = try snapshot.first("SELECT describe(1, 1.5, 'x', x'00', NULL)", as: String.self)
                let none = try snapshot.first("SELECT describe()", as: String.self)
                #expect(classes == "INTEGER REAL TEXT BLOB NULL")
                #expect(none == "")
            }
        }
    }

    @Test func `its error fails the statement`() async throws {
        try await withFunctions { database in
            let error = try await failure { try await database.execute("INSERT INTO notes (body) VALUES (refuse())") }
            #expect(error?.code == .invalidSQL)
            #expect(error?.message.contains("refuse: not today") == true)
            try database.expectNotes([])
        }
    }

    @Test func `only a deterministic one may stand in an index`() async throws {
        try await withFunctions { database in
            try await database.execute("CREATE INDEX backwards ON notes (reversed(body))")
            let refused = try await code { try await database.execute("CREATE INDEX rolled ON notes (roll())") }
            #expect(refused == .invalidSQL)
        }
    }

    @Test func `one that is not deterministic cannot be called by the schema`() async throws {
        try await withFunctions { database in
            try await database.execute("CREATE VIEW rolled AS SELECT roll() AS number")
            let refused = try await code {
                try database.read { try $0.first("SELECT number FROM rolled", as: Int.self) }
            }
            #expect(refused == .invalidSQL)
            let direct = try database.read { try $0.first("SELECT roll()", as: Int.self) }
            #expect(direct == 4)
        }
    }

    @Test func `an extension is loaded into readers and the writer`() async throws {
        try await withFolder { folder in
            // One that says that it is there, made by the compiler that the Swift toolchain links with.
            let source = """
                #include <sqlite3ext.h>
                SQLITE_EXTENSION_INIT1
                static void answer(sqlite3_context *context, int count, sqlite3_value **values) {
                    sqlite3_result_int(context, 42);
                }
                int sqlite3_answer_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
                    SQLITE_EXTENSION_INIT2(api);
                    return sqlite3_create_function(db, "answer", 0, SQLITE_UTF8, 0, answer, 0, 0);
                }
                """
            try source.write(toFile: folder + "/answer.c", atomically: true, encoding: .utf8)
            let compiler = try Spawn.start(
                "/usr/bin/env", ["cc", "-shared", "-fPIC", "-o", folder + "/answer.so", folder + "/answer.c"],
                environment: ProcessInfo.processInfo.environment)
            let end = try await onThread { Spawn.wait(for: compiler.identifier) }
            try #require(end == .exited(0))
            var configuration = Database.Configuration()
            configuration.extensions = [folder + "/answer.so"]
            try await withDatabase(at: folder + "/a.sqlite3", configuration) { database in
                let read = try database.read { try $0.first("SELECT answer()", as: Int.self) }
                let written = try await database.write { try $0.first("SELECT answer()", as: Int.self) }
                #expect([read, written] == [42, 42])
            }
        }
    }

    @Test func `an extension that is not there is told, and SQL cannot load one`() async throws {
        try await withFolder { folder in
            var configuration = Database.Configuration()
            configuration.extensions = [folder + "/none.so"]
            let missing = try await code {
                try await Database.open(at: folder + "/a.sqlite3", configuration: configuration)
            }
            #expect(missing == .extension)
            try await withDatabase(at: folder + "/b.sqlite3") { database in
                let refused = try await code {
                    try database.read { try $0.first("SELECT load_extension('x')", as: Int.self) }
                }
                #expect(refused == .invalidSQL)
            }
        }
    }
}
