import Foundation
import LiteDB

/// The process that opens the file after a kill and tells what is in it.
///
/// What it has told it deletes, so that the file stays small and its pages are used again.
struct TortureCheck {
    static let answer = "found "

    /// What was in the file.
    struct Finding: Codable {
        var ids: Set<Int64> = []
        var halfDoneCount = 0
        /// The answer of `integrity_check`, if it was asked.
        var integrity: String?

        init() {}

        init(_ line: String) throws {
            self = try JSONDecoder().decode(Self.self, from: Data(line.dropFirst(TortureCheck.answer.count).utf8))
        }
    }

    private let path: String
    private let checksIntegrity: Bool
    private let closes: Bool

    init(arguments: [String]) throws {
        guard let path = arguments.first else { throw TortureFailure("usage: torture check PATH [--integrity]") }
        self.path = path
        checksIntegrity = arguments.contains("--integrity")
        closes = !arguments.contains("--without-closing")
    }

    func run() async throws {
        let database = try await Database.open(at: path)
        let (finding, last) = try look(at: database)
        try await delete(upTo: last, in: database)
        let line = String(decoding: try JSONEncoder().encode(finding), as: UTF8.self)
        FileHandle.standardOutput.write(Data("\(Self.answer)\(line)\n".utf8))
        guard closes else { _exit(0) }
        await database.close()
    }

    private func look(at database: Database) throws -> (Finding, last: Int64) {
        try database.read { snapshot in
            var finding = Finding()
            if checksIntegrity { finding.integrity = try snapshot.first("PRAGMA integrity_check", as: String.self) }
            // A writer that was killed early has not made the tables.
            let isEmpty =
                try snapshot.first("SELECT count(*) FROM sqlite_schema WHERE name = 'totals'", as: Int.self) == 0
            guard !isEmpty else { return (finding, 0) }
            finding.ids = Set(try snapshot.all("SELECT id FROM entries", as: Int64.self))
            finding.halfDoneCount =
                try snapshot.first(
                    """
                    SELECT count(*) FROM (
                        SELECT writer, count(*) AS count, sum(amount) AS amount FROM entries GROUP BY writer
                    ) AS entered
                    FULL JOIN (SELECT * FROM totals WHERE count <> 0 OR amount <> 0) AS counted USING (writer)
                    WHERE entered.count IS NOT counted.count OR entered.amount IS NOT counted.amount
                    """, as: Int.self) ?? 0
            return (
                finding, try snapshot.first("SELECT max(position) FROM entries", as: Int64?.self).flatMap(\.self) ?? 0
            )
        }
    }

    /// Another writer may be adding entries with higher positions meanwhile.
    private func delete(upTo last: Int64, in database: Database) async throws {
        guard last > 0 else { return }
        try await database.write { transaction in
            try transaction.execute(
                """
                UPDATE totals SET
                    count = totals.count - seen.count,
                    amount = totals.amount - seen.amount
                FROM (
                    SELECT writer, count(*) AS count, sum(amount) AS amount FROM entries WHERE position <= \(last)
                    GROUP BY writer
                ) AS seen
                WHERE totals.writer = seen.writer
                """)
            try transaction.execute("DELETE FROM entries WHERE position <= \(last)")
            try transaction.execute("DELETE FROM totals WHERE count = 0")
        }
    }
}
