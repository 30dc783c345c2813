import Testing

@testable import LiteDB

@Suite struct ReadTests {
    struct Refused: Error {}

    @Test func `a read inside a read sees the same view`() async throws {
        try await withNotes { database in
            let counts = try await onThread {
                try database.read { outer in
                    let before = try outer.first("SELECT count(*) FROM notes", as: Int.self)
                    try database.writeBlocking { transaction in
                        _ = try transaction.execute("INSERT INTO notes (body) VALUES ('meanwhile')")
                    }
                    let inner = try database.read { try $0.first("SELECT count(*) FROM notes", as: Int.self) }
                    return [before, inner, try outer.first("SELECT count(*) FROM notes", as: Int.self)]
                }
            }
            #expect(counts == [0, 0, 0])
            try database.expectNotes(["meanwhile"])
        }
    }

    @Test func `a read inside a read needs no second reader`() async throws {
        try await withNotes(Self.oneReader) { database in
            let depth = try database.read { _ in
                try database.read { _ in try database.read { try $0.first("SELECT 3", as: Int.self) } }
            }
            #expect(depth == 3)
        }
    }

    @Test func `two threads that read inside a read on an exhausted pool both finish`() async throws {
        try await withNotes({
            $0.readerCount = 2; $0.maximumReaderCount = 2
        }) { database in
            let arrivals = (Latch(), Latch())
            async let first = onThread { try Self.nest(in: database, arrive: arrivals.0, waitFor: arrivals.1) }
            async let second = onThread { try Self.nest(in: database, arrive: arrivals.1, waitFor: arrivals.0) }
            let results = try await [first, second]
            #expect(results == [1, 1])
        }
    }

    private static func nest(in database: Database, arrive: Latch, waitFor other: Latch) throws -> Int? {
        try database.read { _ in
            arrive.open()
            try other.waitBlocking()
            return try database.read { try $0.first("SELECT 1", as: Int.self) }
        }
    }

    @Test func `readers that are all in use are told as busy at the deadline`() async throws {
        try await withNotes({
            Self.oneReader(&$0)
            $0.busyTimeout = .milliseconds(150)
        }) { database in
            let (entered, door) = (Latch(), Latch())
            async let held: Void = database.scan { _ in
                entered.open()
                try door.waitBlocking()
            }
            await entered.wait()
            let started = ContinuousClock.now
            let error = try await onThread {
                try #require(throws: DatabaseError.self) { try database.read { _ in } }
            }
            #expect(error.code == .busy)
            #expect(ContinuousClock.now - started >= .milliseconds(150))
            door.open()
            try await held
            try database.read { _ in }
        }
    }

    @Test func `the pool grows to its limit, and shrinks again`() async throws {
        try await withNotes({
            $0.readerCount = 1; $0.maximumReaderCount = 3
        }) { database in
            let door = Latch()
            let entered = Counter()
            let scans = (0..<3).map { _ in
                Task {
                    try await database.scan { _ in
                        entered.increment()
                        try door.waitBlocking()
                    }
                }
            }
            try await eventually("three reads run") { entered.value == 3 }
            #expect(database.core.readers.all.count == 3)
            door.open()
            for scan in scans { try await scan.value }
            // They are closed after a while in which nobody needed them; the housekeeper asks every ten seconds.
            try await eventually("they are closed") {
                database.core.readers.retireExtraReaders()
                return database.core.readers.all.count == 1
            }
            #expect(try database.read { try $0.first("SELECT 1", as: Int.self) } == 1)
        }
    }

    @Test func `a read gives its reader back when it throws`() async throws {
        try await withNotes(Self.oneReader) { database in
            for _ in 0..<3 {
                #expect(throws: Refused.self) {
                    try database.read { snapshot in
                        try snapshot.forEach("SELECT 1 UNION SELECT 2") { _ in throw Refused() }
                    }
                }
            }
            try database.expectNotes([])
        }
    }

    @Test func `a read after an awaited write sees it`() async throws {
        try await withNotes { database in
            for number in 1...300 {
                try await database.execute("INSERT INTO notes (body) VALUES (\(number))")
                let seen = try database.read { try $0.first("SELECT max(id) FROM notes", as: Int.self) }
                #expect(seen == number)
            }
        }
    }

    @Test func `every snapshot is consistent while writers go on`() async throws {
        try await withDatabase { database in
            try await database.write { transaction in
                try transaction.executeScript(
                    """
                    CREATE TABLE accounts (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL) STRICT;
                    INSERT INTO accounts VALUES (1, 500), (2, 500)
                    """)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 0..<300 {
                        try await database.write { transaction in
                            let amount = number % 7
                            try transaction.execute("UPDATE accounts SET amount = amount - \(amount) WHERE id = 1")
                            try transaction.execute("UPDATE accounts SET amount = amount + \(amount) WHERE id = 2")
                        }
                    }
                }
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<300 {
                            let sums = try database.read { snapshot in
                                let first = try snapshot.first("SELECT amount FROM accounts WHERE id = 1", as: Int.self)
                                let second = try snapshot.first(
                                    "SELECT amount FROM accounts WHERE id = 2", as: Int.self)
                                return (first ?? 0) + (second ?? 0)
                            }
                            #expect(sums == 1000)
                            await Task.yield()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    static func oneReader(_ configuration: inout Database.Configuration) {
        configuration.readerCount = 1
        configuration.maximumReaderCount = 1
    }
}
