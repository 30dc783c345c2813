import LiteStackTesting
import Testing

struct EventuallyTests {
    @Test func `it looks again until the condition is true`() async throws {
        var looks = 0
        try await eventually {
            looks += 1
            return looks == 3
        }
        #expect(looks == 3)
    }

    @Test func `it gives up at its deadline and says what was missing`() async {
        let error = await #expect(throws: TestTimeout.self) {
            try await eventually("the sun", within: .milliseconds(5)) { false }
        }
        #expect(error?.description.hasPrefix("the sun did not happen") == true)
    }

    @Test func `an error of the condition is passed on at once`() async {
        struct Broken: Error {}
        await #expect(throws: Broken.self) { try await eventually { throw Broken() } }
    }
}
