import Foundation
import LiteDB
import LiteStackTesting
import Synchronization

@testable import LiteCable

/// A time of day that stands where the test has put it.
final class TestWall: Sendable {
    private let milliseconds = Atomic<Int>(1_800_000_000_000)

    var now: @Sendable () -> Date {
        { Date(timeIntervalSince1970: Double(self.milliseconds.load(ordering: .relaxed)) / 1000) }
    }

    func advance(by duration: Duration) {
        milliseconds.add(Int(duration / .milliseconds(1)), ordering: .relaxed)
    }
}

/// Runs `body` with a cable in a database of its own, without an fsync for each message.
@discardableResult
func withCable<T>(
    _ configuration: Cable.Configuration = .init(), _ body: (Cable, Database) async throws -> T
) async throws -> T {
    var settings = Database.Configuration()
    settings.durability = .normal
    return try await withTemporaryDatabase(settings) { database in
        try await body(try await Cable(database, configuration: configuration), database)
    }
}

/// The first `count` events of a subscription.
func events(_ count: Int, of subscription: Cable.Subscription) async throws -> [Cable.Event] {
    var events: [Cable.Event] = []
    var iterator = subscription.makeAsyncIterator()
    while events.count < count, let event = try await iterator.next() { events.append(event) }
    return events
}

/// The texts of the first `count` messages; a gap is nil.
func texts(_ count: Int, of subscription: Cable.Subscription) async throws -> [String?] {
    try await events(count, of: subscription).map { event in
        if case .message(let message) = event { message.text } else { nil }
    }
}

extension Cable {
    /// Copies the cable's file, through the handle that its owner would have.
    func database(backupTo path: String) async throws {
        try await database.backup(to: path)
    }
}

/// Lines that several tasks add.
final class TestSignalLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) {
        lines.withLock { $0.append(line) }
    }
}
