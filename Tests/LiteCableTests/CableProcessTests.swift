import LiteCable
import LiteDB
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct CableProcessTests {
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
}
