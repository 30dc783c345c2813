import Testing

@testable import LiteDB

@Suite(.timeLimit(.minutes(5))) struct ThreadNumberTests {
    /// Runs on a thread that nobody has used.
    private func onNewThread(_ body: @escaping @Sendable () -> [Int]) async throws -> [Int] {
        try await WorkerThread.run(name: "test") { body() }
    }

    @Test func `a thread keeps its number until it meets another`() async throws {
        let numbers = try await onNewThread {
            let first = ThreadNumber.current
            let second = ThreadNumber.current
            ThreadNumber.metAnother()
            return [first, second, ThreadNumber.current]
        }
        #expect(numbers[0] == numbers[1])
        #expect(numbers[2] == numbers[0] + 1)
    }

    @Test func `each further number takes twice as many meetings`() async throws {
        let moves = try await onNewThread {
            let first = ThreadNumber.current
            return (1...16).map { _ in
                ThreadNumber.metAnother()
                return ThreadNumber.current - first
            }
        }
        #expect(moves == [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5])
    }
}
