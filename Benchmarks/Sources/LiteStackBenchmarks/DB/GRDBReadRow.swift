import GRDB
import LiteDB

/// `db.read.point.grdb`: the same read through GRDB's pool.
enum GRDBReadRow {
    static let benchmark = Benchmark(name: "db.read.point.grdb") { plan in
        let file = try await PairsFile(in: plan)
        let other = try file.copy(in: plan)
        let order = file.order()
        let database = try await LiteDB.Database.open(at: file.path, configuration: .normal)
        var configuration = GRDB.Configuration()
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -16384; PRAGMA foreign_keys = ON") }
        let pool = try DatabasePool(path: other.path, configuration: configuration)
        var ours = PointReadLoop(OurPointReader(database: database), file, order: order)
        var theirs = PointReadLoop(GRDBPointReader(pool: pool), other, order: order)
        let comparison = try await Comparison(plan) {
            1e9 / (try ours.measure(for: plan.roundDuration))
        } baseline: {
            1e9 / (try theirs.measure(for: plan.roundDuration))
        }
        try pool.close()
        await database.close()
        return [
            ResultRow(
                "db.read.point.grdb", unit: "reads/s", better: .higher, goal: 8, comparison,
                against: "GRDB 7.10, DatabasePool.read (synchronous) for each, a cached statement, copied into [UInt8]",
                text: "a blob of 100 bytes by text key, 100,000 keys at random, 1 thread, `read { }` for each")
        ]
    }
}

/// One `DatabasePool.read` a value.
struct GRDBPointReader: PointReader {
    let pool: DatabasePool

    func value(of key: String) throws -> [UInt8]? {
        try pool.read { db in
            let statement = try db.cachedStatement(sql: PairsFile.select)
            let rows = try GRDB.Row.fetchCursor(statement, arguments: [key])
            return try rows.next()?.withUnsafeData(atIndex: 0) { data in data.map { [UInt8]($0) } }
        }
    }
}
