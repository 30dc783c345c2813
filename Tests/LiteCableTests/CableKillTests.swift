import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

/// What stands between processes that come, go and are killed.
@Suite(.timeLimit(.minutes(5))) struct CableKillTests {
    private let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")

    /// Lines that begin with a word, without it.
    private func said(_ word: String, _ child: ChildProcess) -> [String] {
        child.lines.filter { $0.hasPrefix(word + " ") }.map { String($0.dropFirst(word.count + 1)) }
    }

    @Test func `through kills of publishers and subscribers nothing acknowledged is lost, and nothing delivered twice`()
        async throws
    {
        try await withTemporaryDirectory { folder in
            let path = folder + "/app.sqlite3"
            let cable = try await Cable.open(at: path)
            let start = try await cable.cursor()
            let isQuiet = TestSignal()
            try await withThrowingTaskGroup(of: [String].self) { group in
                for follower in 0..<2 {
                    group.addTask { try await follow(path, from: start, follower, until: isQuiet, cable) }
                }
                // Each dies in its own time, under subscribers that live and beside a publisher that goes on.
                let acknowledged = try await withThrowingTaskGroup(of: [String].self) { publishers in
                    for publisher in 0..<2 { publishers.addTask { try await publish(path, publisher) } }
                    return try await publishers.reduce(into: []) { $0 += $1 }
                }
                isQuiet.send()
                let count = Int(try await cable.cursor().seq - start.seq)
                let log = try await events(count, of: try await cable.subscribe(to: "a", from: .after(start))).map {
                    event in
                    guard case .message(let message) = event else { return "a gap" }
                    return "\(message.cursor) \(message.text ?? "")"
                }
                #expect(Set(log.map { $0.split(separator: " ")[1] }).count == log.count, "published once, stored once")
                #expect(acknowledged.count > 200)
                #expect(Set(acknowledged).isSubset(of: log))
                for try await received in group { #expect(received == log) }
            }
            await cable.close()
        }
    }

    private func publish(_ path: String, _ number: Int) async throws -> [String] {
        var acknowledged: [String] = []
        for life in 0..<5 {
            try await withChildProcess(helper, arguments: ["publish-as", path, "a", "p\(number).\(life)"]) { child in
                try await eventually("it has come further") { child.lines.count > 30 + 10 * number }
                child.send(.kill)
                try await child.waitForExit()
                acknowledged += said("acknowledged", child)
            }
        }
        return acknowledged
    }

    /// Each life goes on behind what the one before has said last.
    private func follow(
        _ path: String, from start: Cable.Cursor, _ number: Int, until isQuiet: TestSignal, _ cable: Cable
    ) async throws -> [String] {
        var (received, place, isLast) = ([String](), start.description, false)
        while !isLast {
            isLast = isQuiet.count > 0
            let end = try await cable.cursor().description
            try await withChildProcess(helper, arguments: ["follow", path, "a", place]) { child in
                try await eventually("it has come further") {
                    let lines = said("received", child)
                    if isLast { return place == end || lines.last?.hasPrefix(end + " ") ?? false }
                    return lines.count > 20 + 15 * number || isQuiet.count > 0
                }
                child.send(.kill)
                try await child.waitForExit()
                #expect(said("gap", child).isEmpty)
                received += said("received", child)
                place = received.last.map { String($0.prefix { $0 != " " }) } ?? place
            }
        }
        return received
    }

    @Test func `what one process removes is told to the subscriber in another`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumMessageCount = 10
        try await withCable(configuration) { cable, database in
            let start = try await cable.publish(bytes: Array("first".utf8), to: "a")
            try await withChildProcess(helper, arguments: ["follow", database.path, "a", "\(start)"]) { child in
                _ = try await child.line("it follows") { $0 == "following" }
                // In one transaction: it can have seen none of what is gone.
                try await database.write { transaction in
                    for number in 2...640 { try cable.publish(number, to: "a", in: transaction) }
                }
                let last = try await cable.cursor()
                _ = try await child.line("the last") { $0.hasPrefix("received \(last) ") }
                let gap = try #require(said("gap", child).first).split(separator: " ")
                #expect(gap[0] == "trimmed")
                #expect(gap[1] == start.description)
                let end = try #require(Cable.Cursor(String(gap[2]))).seq
                #expect(end >= 640 - 10 - CableStore.trimStride)
                let kept = said("received", child).map { $0.split(separator: " ")[1] }
                #expect(kept == (Int(end) + 1...640).map { "\($0)" })
            }
        }
    }

    @Test func `a subscriber in another process that comes back to another log is told so`() async throws {
        try await withCable { cable, database in
            let cursor = try await cable.publish("one", to: "a")
            try await cable.renewEpoch()
            try await withChildProcess(helper, arguments: ["follow", database.path, "a", "\(cursor)"]) { child in
                let gap = try await child.line("a gap") { $0.hasPrefix("gap") }
                let after = try await Cable(database)
                let end = try await after.cursor()
                #expect(gap == "gap otherLog \(cursor) \(end)")
                try await after.publish(bytes: Array("two".utf8), to: "a")
                _ = try await child.line("what is new") { $0.hasPrefix("received") && $0.hasSuffix(" two") }
            }
        }
    }

    @Test func `messages that matter only now have a file of their own, without an fsync, for all processes`()
        async throws
    {
        try await withTemporaryDirectory { folder in
            let path = folder + "/ephemeral.sqlite3"
            let cable = try await Cable.open(at: path, durability: .normal)
            #expect(try await cable.database.effectiveSettings().synchronous == 1)
            let start = try await cable.publish(bytes: Array("before".utf8), to: "a")
            var iterator = try await cable.subscribe(to: "a").makeAsyncIterator()
            try await withChildProcess(helper, arguments: ["follow", path, "a", "\(start)"]) { follower in
                try await withChildProcess(helper, arguments: ["publish-as", path, "a", "p"]) { publisher in
                    for number in 0..<20 {
                        guard case .message(let message) = try await iterator.next() else { continue }
                        #expect(message.text == "p.\(number)")
                        _ = try await follower.line("the same") { $0 == "received \(message.cursor) p.\(number)" }
                    }
                    publisher.send(.kill)
                    try await publisher.waitForExit()
                }
                let end = try await cable.publish(bytes: Array("after".utf8), to: "a")
                #expect(end.epoch == start.epoch)
                _ = try await follower.line("what comes from here") { $0 == "received \(end) after" }
                #expect(said("gap", follower).isEmpty)
            }
            await cable.close()
        }
    }

    @Test func `a subject that another process disconnects loses its sessions here`() async throws {
        try await withCable { cable, database in
            let gateway = Cable.Gateway(cable)
            func session(_ subject: String) async throws -> Cable.Session {
                try await gateway.session(
                    for: try Cable.Grant(subject: subject, channels: ["a"]), channels: ["a"])
            }
            let (ada, bob) = (try await session("ada"), try await session("bob"))
            async let adaEnd = ada.run { _ in }
            async let bobEnd = bob.run { _ in }
            try await eventually("both listen") { cable.router.listenerCount == 2 }
            try await withChildProcess(helper, arguments: ["disconnect", database.path, "ada"]) { child in
                _ = try await child.line("it did") { $0 == "disconnected" }
            }
            #expect(try await adaEnd == .disconnected)
            bob.stop()
            #expect(try await bobEnd == .closed)
        }
    }
}
