import LiteDB
import LiteJobs
import LiteStackTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct BulkTests {
    @Test func `many jobs are stored in their order, by one statement`() async throws {
        try await withJobs { jobs, database in
            let texts = (0..<1_000).map { "note \($0), \"quoted\" \\ ü 😀" }
            let handles = try await jobs.enqueue(contentsOf: texts.map { Note(text: $0) }, priority: 2, tags: ["bulk"])
            #expect(handles.map(\.id) == handles.map(\.id).sorted())
            for (handle, text) in zip(handles, texts) where handle.id.rawValue % 97 == 0 {
                let record = try #require(try await handle.record())
                #expect(try record.decode(Note.self).text == text)
                #expect(record.priority == 2 && record.tags == ["bulk"])
            }
            #expect(try await jobs.statistics().count(.available) == 1_000)
        }
    }

    @Test func `jobs that are no JSON objects are stored too`() async throws {
        struct Number: Job {
            static let kind = "number"
            let value: Int
            init(_ value: Int) { self.value = value }
            init(from decoder: any Decoder) throws { value = try decoder.singleValueContainer().decode(Int.self) }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(value)
            }
        }
        try await withJobs { jobs, _ in
            let handles = try await jobs.enqueue(contentsOf: [Number(3), Number(4)])
            #expect(try await handles[1].record()?.decode(Number.self).value == 4)
        }
    }

    @Test func `many jobs of a transaction that rolls back were never there`() async throws {
        try await withJobs { jobs, database in
            await #expect(throws: Broken.self) {
                try await database.write { transaction in
                    try jobs.enqueue(contentsOf: [Note(text: "a"), Note(text: "b")], in: transaction)
                    throw Broken()
                }
            }
            let counts = try await jobs.statistics().counts
            #expect(counts == [])
        }
    }

    @Test func `one job that is too large among many is refused, and none is stored`() async throws {
        var configuration = JobQueue.Configuration()
        configuration.maximumPayloadBytes = 40
        try await withJobs(configuration) { jobs, _ in
            try await jobs.enqueue(contentsOf: (0..<50).map { Note(text: "\($0)") })
            await #expect {
                let long = Note(text: String(repeating: "x", count: 60))
                try await jobs.enqueue(contentsOf: [Note(text: "a"), long])
            } throws: {
                ($0 as? JobError)?.code == .tooLarge
            }
            #expect(try await jobs.statistics().count(.available) == 50)
        }
    }

    @Test func `no jobs are no error`() async throws {
        try await withJobs { jobs, _ in
            let handles = try await jobs.enqueue(contentsOf: [Note]())
            #expect(handles.isEmpty)
        }
    }
}
