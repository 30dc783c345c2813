// Responses of a Hummingbird server that are made once for all who ask, and end with the data that they show.
#if Hummingbird
import HTTPTypes
import Hummingbird
import LiteStack
import LiteStackHummingbird

let stack = try await Stack.open(at: "data")
try await stack.db.migrate([
    Migration("pictures", sql: "CREATE TABLE pictures (id INTEGER PRIMARY KEY, title TEXT NOT NULL) STRICT")
])
let router = Router()
let responses = ResponseCache(stack.cache)

@Sendable func list(_ request: Request, _ context: BasicRequestContext) throws -> Response {
    let titles = try stack.db.read { snapshot in
        try snapshot.all("SELECT title FROM pictures ORDER BY id LIMIT 20", as: String.self)
    }
    var response = try titles.response(from: request, context: context)
    response.headers[.cacheControl] = "public, max-age=0, s-maxage=60, stale-while-revalidate=600"
    return response
}

router.cached(by: responses, queryNames: ["page"], tags: { _, _ in ["pictures"] })
    .get("pictures", use: list)

router.cached(by: responses, ignoring: [.cookie], lifetime: .seconds(300))
    .get("imprint") { _, _ in "Written by nobody." }

router.put("pictures/{id}") { request, context in
    let (id, title) = (try context.parameters.require("id", as: Int.self), try await request.body.collect(upTo: 1_000))
    try await stack.db.write { transaction in
        try transaction.execute("INSERT INTO pictures (id, title) VALUES (\(id), \(String(buffer: title)))")
        try stack.cache.invalidate(tag: "pictures", in: transaction)
    }
    return HTTPResponse.Status.created
}

try await responses.clear()
await stack.close()
#endif
