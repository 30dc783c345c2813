// What the guides of LiteJobs show: a shop that sends receipts and cleans up at night.
import LiteStack
import LiteStackTesting

struct SendReceipt: Job {
    static let kind = "send-receipt"  // as it is stored: keep it
    static let timeout: Duration? = .seconds(30)
    var orderID: Int64
}

struct CleanUp: Job {
    static let kind = "clean-up"
}

struct CountOrders: RunnableJob {
    typealias Output = Int
    static let kind = "count-orders"
    var jobs: Int

    func run(in context: JobContext) async throws -> Int { jobs }
}

let stack = try await Stack.open(at: "data")
try await stack.db.migrate([
    Migration("orders", sql: "CREATE TABLE orders (id INTEGER PRIMARY KEY, paid INTEGER NOT NULL DEFAULT 0) STRICT")
])

try await stack.jobs.declare(schedules: [
    JobSchedule("nightly", "0 3 * * *", zone: "Europe/Berlin", CleanUp())
])

stack.addWorker(concurrency: 8) { handlers in
    handlers.handle(SendReceipt.self) { job, context in
        try await charge(job.orderID, key: context.idempotencyKey)  // outside: it can happen twice
        try await context.complete { transaction in  // in the file: once
            try transaction.execute("UPDATE orders SET paid = 1 WHERE id = \(job.orderID)")
            try stack.cable.publish(job.orderID, to: "receipts", in: transaction)
        }
    }
    handlers.handle(CleanUp.self) { _, context in
        try await context.report(progress: 0.5, "half of it")
    }
    handlers.handle(CountOrders.self)
}

@Sendable func charge(_ order: Int64, key: String) async throws {
    guard order > 0 else { throw Discard("there is no such order") }
}

let receipt = try await stack.db.write { transaction in
    try transaction.execute("INSERT INTO orders DEFAULT VALUES")
    return try stack.jobs.enqueue(SendReceipt(orderID: transaction.lastInsertedRowID), in: transaction)
}
try await stack.jobs.enqueue(CleanUp(), delay: .seconds(60), tags: ["tidy"], unique: .arguments())
try await stack.jobs.enqueue(contentsOf: (1...100).map { CountOrders(jobs: $0) }, priority: -1)

let running = Task { try await stack.run() }
let count = try await stack.jobs.enqueue(CountOrders(jobs: 7))
let sum = try await count.value
precondition(sum == 7)
try await receipt.value

var broken = JobFilter.dead
broken.errorContains = "timeout"
try await stack.jobs.retry(where: broken)
try await stack.jobs.pause(.tag("tidy"))

running.cancel()
_ = await running.result

func testing() async throws {
    try await withTemporaryJobs { test in
        let worker = test.jobs.worker { handlers in
            handlers.handle(SendReceipt.self) { _, context in if context.attempt < 3 { throw Broken() } }
        }
        try await test.jobs.enqueue(SendReceipt(orderID: 7), delay: .seconds(3_600))
        try await test.jobs.expectEnqueued(SendReceipt.self) { $0.orderID == 7 }
        try await test.drain(worker, through: .seconds(7_200))
        let statistics = try await test.jobs.statistics()
        precondition(statistics.count(.completed) == 1)
    }
}

struct Broken: Error {}
try await testing()
