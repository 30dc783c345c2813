#if Hummingbird
import HTTPTypes
import Hummingbird
import LiteCache
import Logging
import NIOCore

// A response whose body is only known once its client has it takes the place of a mark (`StoredResponse.pass`), at the end
// of the body, and only if the mark is still there and is the one that stood there before the handler ran. That no older
// response comes in this way:
//
// - What deletes the entry or clears the file removes the mark. No later mark has its version, for versions are numbers
//   that only grow, so `compareAndSet` refuses.
// - Who found the mark has its version from before its own handler ran: any removal since has removed that mark or a
//   later one.
// - Who made the mark can only read its version after the handler ran. By then there may be a mark of another request, of
//   a handler that ran after a removal. So each mark has a name, and the version is taken from one's own only. If the
//   entry was removed while the handler ran, `fetch` did not store the mark, and there is none of that name.
// - An invalidation of tags, and the clearing of the namespace, which is one, changes no row. The mark has the tags of the
//   request that made it, which may be others than this one's. So the response is stored with the number of the last
//   invalidation before its handler ran (`Cache.Beginning`), as `fetch` does it, and is not valid if there was one since.
extension HandlerRun {
    /// What a response is stored by, once its body was written.
    struct Place: Sendable {
        let key: String
        let version: Cache.Version
        /// When the mark in it ends, in milliseconds since 1970.
        let until: Int64
        /// Before the handler ran.
        let beginning: Cache.Beginning
    }

    /// Runs the handler where an earlier response was none to be stored, or is still being written. If this one may be
    /// stored, it is once it is written.
    func pass(_ key: String, tags: [String]) async throws -> Response {
        let beginning = beginning(tags: tags)
        let place = await place(key, beginning) { _ in true }
        let response = try await handler.respond(to: request, context: context)
        return place.map { teed(response, $0) } ?? response
    }

    /// Nil if the cache cannot be used now.
    func beginning(tags: [String]) -> Cache.Beginning? {
        do {
            return try cache.beginning(tags: tags)
        } catch {
            tell(error)
            return nil
        }
    }

    /// The place of a mark, if there is such a one.
    func place(
        _ key: String, _ beginning: Cache.Beginning?, where isMeant: (StoredResponse) -> Bool
    ) async -> Place? {
        guard let beginning else { return nil }
        do {
            let found = try await cache.entry(key, as: StoredResponse.self)
            guard let found, found.value.status == nil, isMeant(found.value) else { return nil }
            return Place(key: key, version: found.version, until: found.value.freshUntil, beginning: beginning)
        } catch {
            tell(error)
            return nil
        }
    }

    /// The response as it was, stored at the end of its body if it may be.
    func teed(_ response: Response, _ place: Place) -> Response {
        guard let times = times(of: response) else { return response }
        let declared = response.body.contentLength ?? response.headers[.contentLength].flatMap { Int($0) }
        let (cache, limit, answeredAt) = (cache, responses.maximumBodyBytes, cache.milliseconds())
        var teed = response
        teed.body = ResponseBody(contentLength: response.body.contentLength) { client in
            let copy = BodyCopy(upTo: limit) { cache.milliseconds() >= place.until }
            try await response.body.write(BodyTee(client: client, copy: copy))
            guard let bytes = copy.whole(declared) else { return }
            do {
                let made = made(response, bytes, times, at: answeredAt)
                _ = try await cache.compareAndSet(
                    place.key, made, version: place.version, since: place.beginning)
            } catch {
                tell(error)
            }
        }
        return teed
    }

    /// The client has its response, or gets it: only the next request does not find it.
    private func tell(_ error: any Error) {
        context.logger.debug("A response is not stored", metadata: ["error": "\(error)"])
    }
}
#endif
