import ArgumentParser
import CBenchSQLite
import Foundation
import LiteCache
import Synchronization

/// Sets keys in turn, 5,500 times a second so that 5,000 are surely reached, and notes what it has committed, until it is told to stop.
struct CacheWriterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cache-writer", shouldDisplay: false)

    @Argument var path: String

    private final class Stop: Sendable {
        let isAsked = Atomic<Bool>(false)
    }

    func run() async throws {
        let cache = try await FilledCache.open(path)
        let committed = try SharedCounters(path: path + ".committed", count: CoherenceRows.writtenCount)
        let keys = (0..<CoherenceRows.writtenCount).map(CoherenceRows.written)
        let stop = Stop()
        Thread.detachNewThread {
            _ = ParentLines.next()
            stop.isAsked.store(true, ordering: .relaxed)
        }
        ParentLines.say("writing")
        let start = Moment.now
        var count = 0
        while !stop.isAsked.load(ordering: .relaxed) {
            let index = count % keys.count
            count += 1
            try await cache.set(keys[index], count)
            committed.store(count, at: index)
            let due = UInt64(count) * 1_000_000_000 / 5_500
            let elapsed = start.elapsed
            // A sleep of less than the timer's slack would only come late.
            if due > elapsed + 60_000 { usleep(UInt32((due - elapsed) / 1000)) }  // the pace that the row requires
        }
        try ParentLines.answer(Double(count) / (Double(start.elapsed) / 1e9))
        _ = ParentLines.next()
        await cache.close()
    }
}
