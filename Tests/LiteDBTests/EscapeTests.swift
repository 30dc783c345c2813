import LiteDB
import Testing

@Suite struct EscapeTests {
    /// What a caller could build around a session that it kept.
    private struct Kept: ReadAccess {
        let session: Session
    }

    @Test func `a session that was kept beyond its closure is refused`() async throws {
        try await withDatabase { database in
            let kept = try database.read { Kept(session: $0.session) }
            let error = #expect(throws: DatabaseError.self) { try kept.first("SELECT 1", as: Int.self) }
            #expect(error?.code == .outsideClosure)
        }
    }
}
