import Testing

@testable import LiteDB

@Suite struct ComponentSchemaTests {
    let first = ComponentSchema.Step(oldestUsable: 1, sql: "CREATE TABLE lite_parts (id INTEGER PRIMARY KEY)")
    let additive = ComponentSchema.Step(oldestUsable: 1, sql: "ALTER TABLE lite_parts ADD COLUMN name TEXT")
    let breaking = ComponentSchema.Step(oldestUsable: 3, sql: "ALTER TABLE lite_parts DROP COLUMN name")

    @Test func `steps run once, and later releases add theirs`() async throws {
        try await withDatabase { database in
            try await database.prepare(ComponentSchema(component: "parts", steps: [first]))
            try await database.prepare(ComponentSchema(component: "parts", steps: [first, additive]))
            try await database.prepare(ComponentSchema(component: "parts", steps: [first, additive]))
            let found = try database.read { try $0.columns(of: "lite_parts").map(\.name) }
            #expect(found == ["id", "name"])
        }
    }

    @Test func `an older release goes on where it can, and is refused where it cannot`() async throws {
        try await withDatabase { database in
            let old = ComponentSchema(component: "parts", steps: [first])
            try await database.prepare(ComponentSchema(component: "parts", steps: [first, additive]))
            try await database.prepare(old)
            #expect(try !database.isOutgrown(old))
            try await database.prepare(ComponentSchema(component: "parts", steps: [first, additive, breaking]))
            #expect(try database.isOutgrown(old))
            #expect(try !database.isOutgrown(ComponentSchema(component: "parts", steps: [first, additive, breaking])))
            let error = await #expect(throws: DatabaseError.self) { try await database.prepare(old) }
            #expect(error?.code == .schemaTooNew)
        }
    }
}
