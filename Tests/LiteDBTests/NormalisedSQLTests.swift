import Testing

@testable import LiteDB

@Suite struct NormalisedSQLTests {
    @Test(arguments: [
        ("SELECT 1", "SELECT ?"),
        ("SELECT * FROM t WHERE a = 'it''s' AND b = 2.5e3", "SELECT * FROM t WHERE a = ? AND b = ?"),
        ("SELECT x'00ff', X'AB'", "SELECT ?"),
        ("SELECT  a,\n\t b  FROM t ; ", "SELECT a, b FROM t"),
        ("SELECT a -- a secret\nFROM t", "SELECT a FROM t"),
        ("SELECT a /* a secret */ FROM t", "SELECT a FROM t"),
        ("SELECT a FROM t WHERE b IN (1, 2,3 , ?)", "SELECT a FROM t WHERE b IN (?)"),
        ("SELECT t1.c2 FROM \"t 3\" AS t1", "SELECT t1.c2 FROM \"t 3\" AS t1"),
        ("SELECT `odd 1` FROM t", "SELECT `odd 1` FROM t"),
        ("SELECT 'open", "SELECT ?"),
        ("SELECT a /* open", "SELECT a"),
        ("SELECT a -- open", "SELECT a"),
        ("SELECT max'x'", "SELECT max?"),
        ("", ""),
        ("SELECT 0x1F", "SELECT ?"),
        ("SELECT grüße FROM straße", "SELECT grüße FROM straße"),
    ])
    func `literals, comments and extra space vanish`(sql: String, expected: String) {
        #expect(NormalisedSQL.text(of: sql) == expected)
    }

    @Test func `statements that differ in their values only become the same text`() {
        let texts = Set((0..<20).map { NormalisedSQL.text(of: "SELECT a FROM t WHERE b = \($0) AND c = '\($0)'") })
        #expect(texts.count == 1)
    }
}
