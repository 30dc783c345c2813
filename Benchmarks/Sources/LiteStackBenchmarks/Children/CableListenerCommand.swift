import ArgumentParser
import CBenchSQLite
import Foundation
import LiteCable
import LiteDB

/// Subscribes, and answers when each of so many numbered messages came.
struct CableListenerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cable-listener", shouldDisplay: false)

    @Argument var path: String
    @Argument var count: Int

    func run() async throws {
        let database = try await Database.open(at: path)
        let cable = try await Cable(database)
        var iterator = try await cable.subscribe(to: "latency").makeAsyncIterator()
        ParentLines.say("ready")
        var received = [UInt64](repeating: 0, count: count)
        while case .message(let message)? = try await iterator.next() {
            let now = bench_now()
            let number: Int = try message.decode()
            received[number] = now
            if number == count - 1 { break }
        }
        try ParentLines.answer(received)
        await database.close()
    }
}
