import HTTPTypes
import Hummingbird
import LiteStack
import LiteStackHummingbird

/// All routes.
struct AtelierRouter: Sendable {
    let stack: Stack
    let store: PictureStore
    let assets: Assets
    let origins: Set<String>
    let visitors: Visitors
    let gateway: Cable.Gateway

    func make() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: SecurityHeaders())
        router.add(middleware: OriginCheck(origins: origins))
        let gallery = Gallery(stack: stack, store: store, assets: assets)
        let upload = UploadRoute(stack: stack, store: store)

        // The page is the same for every visitor, whatever their cookie says.
        router.cached(
            by: ResponseCache(stack.cache), ignoring: [.cookie], tags: { _, _ in [PictureStore.galleryTag] }
        )
        .get("/") { _, _ in
            Responses.page(try await gallery.page(at: try gallery.position()))
        }
        router.put("/pictures") { request, _ in
            try await upload.handle(request)
        }
        router.get("/pictures/{id}") { _, context in
            guard let card = try gallery.card(try context.parameters.require("id", as: Int64.self)) else {
                throw HTTPError(.notFound)
            }
            return Responses.html(card)
        }
        for file in [PictureFile.original, .styled] {
            router.get("/pictures/{id}/\(file.rawValue)") { [stack, store] _, context in
                let id = try context.parameters.require("id", as: Int64.self)
                guard let bytes = try stack.db.read({ snapshot in try store.file(file, of: id, in: snapshot) }) else {
                    throw HTTPError(.notFound)
                }
                return Responses.picture(bytes)
            }
        }
        router.addCable(gateway, keys: visitors.keys)
        router.get("/token") { request, _ in try visitors.token(for: request) }
        router.get("/assets/{version}/{name}") { [assets] _, context in
            guard let file = assets.file(try context.parameters.require("name")) else { throw HTTPError(.notFound) }
            return Responses.file(file.bytes, file.mediaType)
        }
        return router
    }
}
