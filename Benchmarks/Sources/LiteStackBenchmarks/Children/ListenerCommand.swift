import ArgumentParser
import CBenchSQLite
import Foundation
import LiteDB

/// Waits for another process's commits and keeps how long after each it woke.
///
/// `latencies` answers them, `idle SECONDS` how much CPU it used meanwhile.
struct ListenerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "listener", shouldDisplay: false)

    @Argument var path: String

    func run() async throws {
        let database = try await Database.open(at: path, configuration: .normal)
        let kept = KeptLatencies()
        let listening = Task {
            var last: Int64 = 0
            for await _ in database.commits() {
                let woken = bench_now()
                let signal = try database.read { snapshot in
                    try snapshot.first("SELECT id, at FROM signals ORDER BY id DESC LIMIT 1") { row in
                        (id: try row.integer(0), at: try row.integer(1))
                    }
                }
                guard let signal, signal.id != last else { continue }
                last = signal.id
                await kept.add(woken - UInt64(signal.at))
            }
        }
        ParentLines.say("ready")
        while let line = await nextLine() {
            let words = line.split(separator: " ")
            if words.first == "idle", let seconds = words.last.flatMap({ Double($0) }) {
                let before = bench_cpu_time()
                try await Task.sleep(for: .seconds(seconds))  // the time over which its processor time is taken
                try ParentLines.answer(Double(bench_cpu_time() - before) / 1e9 / seconds * 100)
            } else {
                try ParentLines.answer(await kept.nanoseconds)
            }
        }
        listening.cancel()
        await database.close()
    }

    /// Reads on a thread of its own: a blocked read would hold one of the threads that the wake-ups need.
    private func nextLine() async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: ParentLines.next()) }
        }
    }
}

private actor KeptLatencies {
    private(set) var nanoseconds: [UInt64] = []

    func add(_ value: UInt64) {
        nanoseconds.append(value)
    }
}
