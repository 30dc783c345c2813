import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

/// What a process publishes itself reaches its subscribers without being read back from the log.
@Suite(.timeLimit(.minutes(5))) struct HandingOnTests {
    private func message(_ text: String, at seq: Int64, in cable: Cable) -> StoredMessage {
        StoredMessage(
            cursor: Cable.Cursor(epoch: cable.store.epoch, seq: seq), channel: "a", event: nil,
            payload: Array(text.utf8), milliseconds: 0, isJSON: false, excluded: nil)
    }

    private func text(_ event: Cable.Event?) -> String? {
        if case .message(let message)? = event { message.text } else { nil }
    }

    @Test func `a message that follows on what was read is handed on as it is, and one behind others is not`()
        async throws
    {
        try await withCable { cable, _ in
            var iterator = try await cable.subscribe(to: "a").makeAsyncIterator()
            try await eventually("the log is read") { cable.router.isReading }
            // The file knows nothing of it, so whoever receives it did not read it there.
            cable.router.hand(on: message("unread", at: 1, in: cable))
            #expect(text(try await iterator.next()) == "unread")
            cable.router.hand(on: message("again", at: 1, in: cable))
            cable.router.hand(on: message("too early", at: 3, in: cable))
            cable.router.hand(on: message("next", at: 2, in: cable))
            #expect(text(try await iterator.next()) == "next")
        }
    }

    @Test func `a stretch that was overtaken while it was read is read again, and handed on to nobody`() async throws {
        try await withCable { cable, _ in
            let router = cable.router
            func chunk(after: Int64, _ text: String) -> LogChunk {
                LogChunk(
                    after: after, through: after + 1,
                    messages: [Cable.Message(stored: message(text, at: after + 1, in: cable))], channels: ["a"],
                    marks: [], registrationCount: 1)
            }
            #expect(!router.hand(on: chunk(after: 0, "nobody")))
            var iterator = try await cable.subscribe(to: "a").makeAsyncIterator()
            try await eventually("the log is read") { router.isReading }
            router.hand(on: message("faster", at: 1, in: cable))
            #expect(router.hand(on: chunk(after: 0, "overtaken")))
            #expect(router.hand(on: chunk(after: 1, "next")))
            #expect(text(try await iterator.next()) == "faster")
            #expect(text(try await iterator.next()) == "next")
        }
    }

    @Test func `a message for a crowd is left to the task that reads`() async throws {
        try await withCable { cable, _ in
            var crowd: [Cable.Subscription.Iterator] = []
            for _ in 0..<20 { crowd.append(try await cable.subscribe(to: "a").makeAsyncIterator()) }
            try await eventually("the log is read") { cable.router.isReading }
            cable.router.hand(on: message("unread", at: 1, in: cable))
            try await cable.publish(bytes: Array("read".utf8), to: "a")
            for index in crowd.indices { #expect(text(try await crowd[index].next()) == "read") }
        }
    }

    @Test func `a sender that is excluded, and who listens elsewhere, are spared what is handed on`() async throws {
        try await withCable { cable, _ in
            let sender = Cable.ConnectionID()
            var own = try await cable.subscribe(to: ["a"], as: sender).makeAsyncIterator()
            var other = try await cable.subscribe(to: ["b"]).makeAsyncIterator()
            try await eventually("the log is read") { cable.router.isReading }
            try await cable.publish(bytes: Array("excluding".utf8), to: "a", excluding: sender)
            try await cable.publish(bytes: Array("all".utf8), to: "a")
            try await cable.publish(bytes: Array("b".utf8), to: "b")
            #expect(text(try await own.next()) == "all")
            #expect(text(try await other.next()) == "b")
        }
    }

    @Test func `what is handed on and what is read make one order, while another process publishes as well`()
        async throws
    {
        try await withCable { cable, database in
            let start = try await cable.cursor()
            let listening = (0..<3).map { _ in
                Task {
                    var received: [String?] = []
                    for try await event in try await cable.subscribe(to: "a", from: .after(start)) {
                        received.append(text(event))
                        if received.last == "end" { return received }
                    }
                    return received
                }
            }
            try await eventually("the log is read") { cable.router.isReading }
            let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")
            try await withChildProcess(helper, arguments: ["publish-on", database.path, "a", "0"]) { child in
                _ = try await child.line("it publishes") { $0.hasPrefix("acknowledged") }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<4 {
                        group.addTask {
                            for number in 0..<100 {
                                let bytes = Array("\(task).\(number)".utf8)
                                if task == 0 {
                                    // In a transaction of its own: that is read, not handed on.
                                    try await database.write { transaction in
                                        try cable.publish(bytes: bytes, to: "a", in: transaction)
                                    }
                                } else {
                                    try await cable.publish(bytes: bytes, to: "a")
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                child.send(.kill)
                try await child.waitForExit()
            }
            try await cable.publish(bytes: Array("end".utf8), to: "a")
            let count = Int(try await cable.cursor().seq - start.seq)
            let log = try await texts(count, of: try await cable.subscribe(to: "a", from: .after(start)))
            #expect(log.count > 401)
            for task in listening { #expect(try await task.value == log) }
        }
    }
}
