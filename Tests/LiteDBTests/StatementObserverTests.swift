import Synchronization
import Testing

@testable import LiteDB

/// What the configuration's observer is told of each statement.
@Suite struct StatementObserverTests {
    final class Events: Sendable {
        private let kept = Mutex<[StatementEvent]>([])

        func add(_ event: StatementEvent) { kept.withLock { $0.append(event) } }

        func of(_ sql: String) -> [StatementEvent] { kept.withLock { $0.filter { $0.sql == sql } } }

        var all: [StatementEvent] { kept.withLock { $0 } }
    }

    private func withObserved(_ body: (Database, Events) async throws -> Void) async throws {
        let events = Events()
        try await withNotes({ $0.statementObserver = { events.add($0) } }) { database in
            try await database.execute("INSERT INTO notes (body) VALUES ('c'), ('a'), ('b')")
            try await body(database, events)
        }
    }

    @Test func `reads and writes are told with their rows`() async throws {
        try await withObserved { database, events in
            _ = try database.read { try $0.all("SELECT body FROM notes WHERE id > \(1)", as: String.self) }
            let event = try #require(events.of("SELECT body FROM notes WHERE id > ?").first)
            #expect(event.rowCount == 2)
            #expect(event.fullScanStepCount == 0)
            #expect(event.sortCount == 0)
            #expect(event.virtualMachineStepCount > 0)
            #expect(event.duration > .zero && event.duration < .seconds(60))
            #expect(events.of("INSERT INTO notes (body) VALUES (?), (?), (?)").count == 1)
        }
    }

    @Test func `each statement of a script is told`() async throws {
        try await withObserved { database, events in
            try await database.write { transaction in
                try transaction.executeScript(
                    "INSERT INTO notes (body) VALUES ('script'); DELETE FROM notes WHERE body = 'script';")
            }
            #expect(events.of("INSERT INTO notes (body) VALUES (?)").count == 1)
            #expect(events.of("DELETE FROM notes WHERE body = ?").count == 1)
        }
    }

    @Test func `a scan, a sort and an index made for the run are counted`() async throws {
        try await withObserved { database, events in
            try await database.execute("CREATE TABLE plain (x)")
            for number in 0..<20 { try await database.execute("INSERT INTO plain VALUES (\(number))") }
            try database.read { snapshot in
                _ = try snapshot.all("SELECT id FROM notes WHERE length(body) = 1 ORDER BY length(body)", as: Int.self)
                _ = try snapshot.all("SELECT a.x FROM plain a JOIN plain b ON b.x = a.x", as: Int.self)
            }
            let scan = try #require(events.all.first { $0.sql.contains("ORDER BY") })
            #expect(scan.fullScanStepCount == 2)
            #expect(scan.sortCount == 1)
            let join = try #require(events.all.first { $0.sql.contains("JOIN") })
            #expect(join.automaticIndexCount > 0)
        }
    }

    @Test func `the counters of each run start at zero`() async throws {
        try await withObserved { database, events in
            for _ in 0..<3 {
                _ = try database.read { try $0.all("SELECT id FROM notes WHERE length(body) = 1", as: Int.self) }
            }
            let steps = events.of("SELECT id FROM notes WHERE length(body) = ?").map(\.fullScanStepCount)
            #expect(steps == [2, 2, 2])
        }
    }

    @Test func `a statement that fails is told too`() async throws {
        try await withObserved { database, events in
            _ = try? await database.execute("INSERT INTO notes (body) VALUES (\("a"))")
            #expect(events.of("INSERT INTO notes (body) VALUES (?)").count == 1)
        }
    }

    @Test func `no event holds a value`() async throws {
        try await withObserved { database, events in
            _ = try database.read {
                try $0.all("SELECT id FROM notes WHERE body = 'secret' OR body = \("secret")", as: Int.self)
            }
            #expect(events.all.allSatisfy { !$0.sql.contains("secret") })
        }
    }
}
