import Foundation
import LiteStack
import LiteStackTesting
import Testing

struct TemporaryStackTests {
    @Test func `a stack is usable, and its folder is gone afterwards`() async throws {
        let folder = try await withTemporaryStack { stack in
            try await stack.cache.set("key", "value")
            let value = try await stack.cache.get("key", as: String.self)
            #expect(value == "value")
            #expect(FileManager.default.fileExists(atPath: stack.folder + "/app.sqlite3"))
            return stack.folder
        }
        #expect(!FileManager.default.fileExists(atPath: folder))
    }
}
