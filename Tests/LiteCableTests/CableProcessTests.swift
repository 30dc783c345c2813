import LiteCable
import LiteDB
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct CableProcessTests {
    private let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")

    @Test func `a message of another process wakes the subscriber`() async throws {
        try await withCable { cable, database in
            let subscription = try await cable.subscribe(to: ["a"])
            var iterator = subscription.makeAsyncIterator()
            try await withChildProcess(helper, arguments: ["publish", database.path, "a", "hello"]) { child in
                guard case .message(let message) = try await iterator.next() else {
                    Issue.record("a message was published")
                    return
                }
                #expect(message.text == "hello")
                let line = try await child.line("the publisher's cursor") { $0.hasPrefix("published") }
                #expect(line == "published \(message.cursor)")
            }
        }
    }

    @Test func `two processes see the messages of a third in one order`() async throws {
        try await withCable { cable, database in
            let arguments = ["subscribe", database.path, "a"]
            try await withChildProcess(helper, arguments: arguments) { first in
                try await withChildProcess(helper, arguments: arguments) { second in
                    for child in [first, second] { _ = try await child.line("its start") { $0 == "subscribed" } }
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<50 {
                            group.addTask { try await cable.publish(bytes: Array("\(number)".utf8), to: "a") }
                        }
                        try await group.waitForAll()
                    }
                    try await cable.publish(bytes: Array("end".utf8), to: "a")
                    for child in [first, second] { _ = try await child.line("the end") { $0 == "received end" } }
                    let received = first.lines.filter { $0.hasPrefix("received") }
                    #expect(received.count == 51)
                    #expect(second.lines.filter { $0.hasPrefix("received") } == received)
                }
            }
        }
    }

    @Test func `through kills of publisher and consumer nothing acknowledged is lost, and nothing consumed twice`()
        async throws
    {
        try await withTemporaryDirectory { folder in
            let path = folder + "/app.sqlite3"
            let database = try await Database.open(at: path)
            try await database.execute("CREATE TABLE consumed (number INTEGER NOT NULL) STRICT")
            let cable = try await Cable(database)
            _ = try await cable.subscribe(consumer: "c", to: ["a"])
            var acknowledged = -1
            for _ in 0..<3 {
                try await withChildProcess(helper, arguments: ["consume", path, "a", "c"]) { consumer in
                    let from = ["publish-on", path, "a", "\(acknowledged + 1)"]
                    try await withChildProcess(helper, arguments: from) { publisher in
                        _ = try await consumer.line("it consumes") { $0.hasPrefix("consumed") }
                        try await eventually("both have come further") {
                            publisher.lines.count > 30 && consumer.lines.count > 20
                        }
                        // The consumer dies in the middle of its work, the publisher a little later.
                        consumer.send(.kill)
                        try await consumer.waitForExit()
                        publisher.send(.kill)
                        try await publisher.waitForExit()
                        let last = publisher.lines.last { $0.hasPrefix("acknowledged") }?.split(separator: " ").last
                        let told = try #require(last.flatMap { Int($0) })
                        // What was committed and not acknowledged any more counts as well.
                        let end = try await events(1, of: try await cable.subscribe(to: "a", from: .last(1))).first
                        guard case .message(let message) = end else { return }
                        acknowledged = try message.decode()
                        #expect(acknowledged >= told)
                    }
                }
            }
            try await withChildProcess(helper, arguments: ["consume", path, "a", "c"]) { consumer in
                _ = try await consumer.line("the last") { $0 == "consumed \(acknowledged)" }
            }
            let consumed = try database.read { snapshot in
                try snapshot.all("SELECT number FROM consumed ORDER BY rowid", as: Int.self)
            }
            #expect(consumed == Array(0...acknowledged))
            await database.close()
        }
    }
}
