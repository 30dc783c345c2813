import Foundation
import LiteCable
import Testing

@Suite struct CableCursorTests {
    @Test func `a cursor comes back from its text`() throws {
        let cursor = try #require(Cable.Cursor("0123456789abcdef-42"))
        #expect(cursor.epoch == "0123456789abcdef")
        #expect(cursor.seq == 42)
        #expect(cursor.description == "0123456789abcdef-42")
    }

    @Test(arguments: [
        "", "-", "42", "0123456789abcdef", "0123456789abcdef-", "0123456789abcdef--1", "0123456789abcdef-+1",
        "0123456789abcdef-01", "0123456789abcdef-99999999999999999999", "0123456789ABCDEF-1", "0123456789abcdeg-1",
        "0123456789abcde-1", "0123456789abcdef-1-2", "0123456789abcdef-1\n",
    ])
    func `text that is no cursor is refused`(text: String) {
        #expect(Cable.Cursor(text) == nil)
    }

    @Test func `a cursor is stored in JSON as its text`() throws {
        let cursor = try #require(Cable.Cursor("0123456789abcdef-42"))
        let json = try JSONEncoder().encode([cursor])
        #expect(String(decoding: json, as: UTF8.self) == #"["0123456789abcdef-42"]"#)
        #expect(try JSONDecoder().decode([Cable.Cursor].self, from: json) == [cursor])
    }
}
