import LiteCable
import LiteDB
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct CableTests {
    struct Ready: Codable, Equatable {
        var drawing: Int
    }

    @Test func `a subscriber receives what is published after it subscribed, and only its channels`() async throws {
        try await withCable { cable, _ in
            try await cable.publish("before", to: "a")
            let subscription = try await cable.subscribe(to: ["a", "b"])
            try await cable.publish(bytes: Array("one".utf8), to: "a")
            try await cable.publish(bytes: Array("other".utf8), to: "c")
            try await cable.publish(bytes: Array("two".utf8), to: "b")
            #expect(try await texts(2, of: subscription) == ["one", "two"])
        }
    }

    @Test func `a value comes back as it was published`() async throws {
        try await withCable { cable, _ in
            let subscription = try await cable.subscribe(to: ["drawings"])
            let cursor = try await cable.publish(Ready(drawing: 7), to: "drawings")
            guard case .message(let message) = try await events(1, of: subscription).first else {
                Issue.record("a message was published")
                return
            }
            #expect(try message.decode() == Ready(drawing: 7))
            #expect(message.text == #"{"drawing":7}"#)
            #expect(message.cursor == cursor)
            #expect(message.channel == "drawings")
            #expect { try message.decode([Int].self) } throws: { ($0 as? CableError)?.code == .undecodable }
        }
    }

    @Test func `the order of numbers is the order of commits, for every subscriber`() async throws {
        try await withCable { cable, database in
            try await database.execute("CREATE TABLE commits (position INTEGER PRIMARY KEY, name TEXT) STRICT")
            let first = try await cable.subscribe(to: ["a"])
            let second = try await cable.subscribe(to: ["a"])
            // Each transaction notes its place in the order of commits beside its message.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for step in 0..<25 {
                            try await database.write { transaction in
                                let name = "\(task)-\(step)"
                                try transaction.execute("INSERT INTO commits (name) VALUES (\(name))")
                                try cable.publish(bytes: Array(name.utf8), to: "a", in: transaction)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let committed = try database.read { snapshot in
                try snapshot.all("SELECT name FROM commits ORDER BY position", as: String?.self)
            }
            #expect(committed.count == 200)
            #expect(try await texts(200, of: first) == committed)
            #expect(try await texts(200, of: second) == committed)
        }
    }

    @Test func `a message of a transaction that rolls back is not seen, and leaves no hole`() async throws {
        struct Refused: Error {}
        try await withCable { cable, database in
            let subscription = try await cable.subscribe(to: ["a"])
            let first = try await cable.publish("first", to: "a")
            await #expect(throws: Refused.self) {
                try await database.write { transaction in
                    try cable.publish("never", to: "a", in: transaction)
                    throw Refused()
                }
            }
            let second = try await cable.publish("second", to: "a")
            #expect(second.seq == first.seq + 1)
            #expect(try await texts(2, of: subscription) == [#""first""#, #""second""#])
        }
    }

    @Test func `a page's cursor misses nothing that is published between rendering and connecting`() async throws {
        try await withCable { cable, database in
            try await cable.publish("shown on the page", to: "a")
            let cursor = try database.read { snapshot in
                let cursor = try cable.cursor(in: snapshot)
                // Another connection commits while the page is being rendered.
                let published = TestSignal()
                let task = Task {
                    try await cable.publish("while rendering", to: "a")
                    published.send()
                }
                defer { task.cancel() }
                try published.waitBlocking()
                #expect(try cable.cursor(in: snapshot) == cursor)
                return cursor
            }
            try await cable.publish("before connecting", to: "a")
            let subscription = try await cable.subscribe(to: ["a"], from: .after(cursor))
            try await cable.publish("after connecting", to: "a")
            #expect(
                try await texts(3, of: subscription)
                    == [#""while rendering""#, #""before connecting""#, #""after connecting""#])
        }
    }

    @Test func `resuming after each message delivers every message once`() async throws {
        try await withCable { cable, _ in
            var cursor = try await cable.cursor()
            for number in 0..<20 { try await cable.publish(number, to: "a") }
            var numbers: [Int] = []
            for _ in 0..<20 {
                guard
                    case .message(let message) =
                        try await events(1, of: cable.subscribe(to: ["a"], from: .after(cursor))).first
                else { break }
                numbers.append(try message.decode())
                cursor = message.cursor
            }
            #expect(numbers == Array(0..<20))
        }
    }

    @Test func `a long log of other channels is read on to its end`() async throws {
        try await withCable { cable, database in
            let subscription = try await cable.subscribe(to: ["wanted"])
            try await database.write { transaction in
                for number in 0..<2_500 { try cable.publish(number, to: "other", in: transaction) }
                try cable.publish("here", to: "wanted", in: transaction)
            }
            #expect(try await texts(1, of: subscription) == [#""here""#])
        }
    }

    @Test func `a subscription ends when the database is closed`() async throws {
        try await withCable { cable, database in
            let subscription = try await cable.subscribe(to: ["a"])
            let (hasMessage, isOver) = (TestSignal(), TestSignal())
            let reader = Task {
                for try await _ in subscription { hasMessage.send() }
                isOver.send()
            }
            try await cable.publish("one", to: "a")
            try await hasMessage.wait()
            await database.close()
            try await isOver.wait()
            try await reader.value
        }
    }

    @Test func `a subscription ends when its task is cancelled`() async throws {
        try await withCable { cable, _ in
            let subscription = try await cable.subscribe(to: ["a"])
            let reader = Task { try await events(1, of: subscription) }
            reader.cancel()
            #expect(try await reader.value == [])
        }
    }

    @Test func `a transaction of another file is refused`() async throws {
        try await withCable { cable, _ in
            try await withTemporaryDatabase { other in
                await #expect {
                    try await other.write { transaction in try cable.publish("x", to: "a", in: transaction) }
                } throws: {
                    ($0 as? CableError)?.code == .wrongDatabase
                }
                #expect {
                    try other.read { snapshot in try cable.cursor(in: snapshot) }
                } throws: {
                    ($0 as? CableError)?.code == .wrongDatabase
                }
            }
        }
    }

    @Test(arguments: ["", String(repeating: "c", count: 513)])
    func `a channel without a usable name is refused`(channel: String) async throws {
        try await withCable { cable, _ in
            await #expect { try await cable.publish("x", to: channel) } throws: {
                ($0 as? CableError)?.code == .invalidChannel
            }
        }
    }

    @Test func `a payload over the limit is refused and nothing is published`() async throws {
        var configuration = Cable.Configuration()
        configuration.maximumPayloadBytes = 8
        try await withCable(configuration) { cable, _ in
            let before = try await cable.cursor()
            try await cable.publish(bytes: [UInt8](repeating: 1, count: 8), to: "a")
            await #expect { try await cable.publish(bytes: [UInt8](repeating: 1, count: 9), to: "a") } throws: {
                ($0 as? CableError)?.code == .tooLarge
            }
            #expect(try await cable.cursor().seq == before.seq + 1)
        }
    }

    @Test func `a value that JSON cannot hold is refused`() async throws {
        try await withCable { cable, _ in
            await #expect { try await cable.publish(Double.nan, to: "a") } throws: {
                ($0 as? CableError)?.code == .unencodable
            }
        }
    }
}
