#if Hummingbird
import HTTPTypes
import Hummingbird
import LiteCache
import LiteDB
import Logging
import NIOCore
import Synchronization

/// Looks into one place of the cache for one request, and runs the handler where that is needed.
struct HandlerRun<Context: RequestContext>: Sendable {
    /// What was found in a place.
    enum Finding {
        case response(StoredResponse, CacheStatus)
        /// The handler ran for this request, and its answer is for nobody else.
        case own(Response)
        /// What the handler answers here may not be stored.
        case pass
        /// A variant for other requests.
        case ofAnother
    }

    /// The handler failed, so nothing is stored, and who waited runs it for itself.
    private struct Failed: Error {}

    /// What the handler did for this very request. The cache runs it in a task of its own; what it answers reaches other
    /// requests only in the form that is stored.
    private final class Outcome: Sendable {
        /// What may not be stored.
        let own = Mutex<Result<Response, any Error>?>(nil)
        let isStored = Mutex(false)
        /// What may be served if the handler fails.
        let stale = Mutex<StoredResponse?>(nil)
        /// Nobody gets what the handler answers: it is only stored.
        let isRefresh = Mutex(false)
        /// The name of the mark that was stored for a response that is stored at the end of its body, and the moment
        /// before the handler ran.
        let mark = Mutex<(name: String, beginning: Cache.Beginning?)?>(nil)
    }

    let responses: ResponseCache
    let options: RouteOptions
    let request: Request
    let context: Context
    let handler: any HTTPResponder<Context>

    var cache: Cache { responses.cache }

    /// - Throws: What the handler throws; `CancellationError`.
    func find(_ key: String, tags: [String]) async throws -> Finding {
        let outcome = Outcome()
        let (found, origin): (StoredResponse, Cache.Origin)
        do {
            (found, origin) = try await cache.fetch(key, as: StoredResponse.self, tags: tags) { stale in
                use(of: stale, outcome)
            } make: {
                try await make(outcome, tags: tags)
            }
        } catch {
            if error is CancellationError, Task.isCancelled { throw error }
            return try await afterFailure(error, outcome)
        }
        // A stale one is being refreshed by now: what comes of that is not for this request.
        if origin != .stale, let own = outcome.own.withLock({ $0 }) {
            guard let mark = outcome.mark.withLock({ $0 }) else { return .own(try own.get()) }
            let place = await place(key, mark.beginning) { $0.name == mark.name }
            return .own(try place.map { teed(try own.get(), $0) } ?? own.get())
        }
        if found.status == nil { return .pass }
        guard found.isFor(request.headers) else { return .ofAnother }
        return switch origin {
        case .stored: .response(found, .hit)
        case .stale: .response(found, .stale)
        case .computed: .response(found, outcome.isStored.withLock { $0 } ? .miss : .collapsed)
        }
    }

    // MARK: Behind them

    private func use(of stale: StoredResponse, _ outcome: Outcome) -> Cache.StaleUse {
        guard stale.isFor(request.headers) else { return .leave }
        if cache.milliseconds() < stale.freshUntil + stale.staleWhileRevalidate {
            outcome.isRefresh.withLock { $0 = true }
            return .refresh
        }
        outcome.stale.withLock { $0 = stale }
        return .wait
    }

    private func make(_ outcome: Outcome, tags: [String]) async throws -> Cache.Made<StoredResponse> {
        let beginning = beginning(tags: tags)
        let name = String(UInt64.random(in: .min ... .max), radix: 36)
        do {
            var response = try await handler.respond(to: request, context: context)
            if response.status.kind == .serverError {
                outcome.own.withLock { $0 = .success(response) }
                throw Failed()
            }
            if let times = times(of: response) {
                let declared = response.body.contentLength
                if declared != nil || outcome.isRefresh.withLock({ $0 }) {
                    let limit = declared == nil ? responses.maximumBodyBytes : .max
                    let copy = try await BodyCollector.collect(response.body, upTo: limit)
                    if let bytes = copy.whole(declared) {
                        outcome.isStored.withLock { $0 = true }
                        return made(response, bytes, times, at: cache.milliseconds())
                    }
                    response.body = ResponseBody(copy)
                } else {
                    outcome.mark.withLock { $0 = (name, beginning) }
                }
            }
            outcome.own.withLock { [response] in $0 = .success(response) }
        } catch let error as Failed {
            throw error
        } catch {
            outcome.own.withLock { $0 = .failure(error) }
            throw error
        }
        let lifetime = ResponseCache.passMilliseconds
        return Cache.Made(
            value: .pass(at: cache.milliseconds(), lifetime: lifetime, name: name),
            expiresIn: .milliseconds(lifetime))
    }

    /// - Parameter answeredAt: Milliseconds since 1970.
    func made(
        _ response: Response, _ body: ByteBuffer, _ times: StoredResponse.Times, at answeredAt: Int64
    ) -> Cache.Made<StoredResponse> {
        let number = body.withUnsafeReadableBytes { cache.fingerprint(of: $0) }
        let stored = StoredResponse(
            response, to: request.headers, body: body, tag: "\"\(String(number, radix: 36))\"", times, at: answeredAt)
        return Cache.Made(
            value: stored, expiresIn: .milliseconds(stored.freshUntil - cache.milliseconds()),
            staleFor: .milliseconds(max(times.staleWhileRevalidate, times.staleIfError)))
    }

    /// Nil if the response may not be stored, or its body is known to be too large.
    func times(of response: Response) -> StoredResponse.Times? {
        guard response.body.contentLength ?? 0 <= responses.maximumBodyBytes else { return nil }
        return StoredResponse.times(of: response, standard: options.lifetime, at: cache.milliseconds())
    }

    /// The handler failed for this request or for one that this one waited for, or the cache did.
    private func afterFailure(_ error: any Error, _ outcome: Outcome) async throws -> Finding {
        if let stale = outcome.stale.withLock({ $0 }),
            cache.milliseconds() < stale.freshUntil + stale.staleIfError
        {
            return .response(stale, .stale)
        }
        // It was cancelled, and what it made of that is no answer. A second run would take as long.
        if (error as? CacheError)?.code == .timedOut { throw HTTPError(.gatewayTimeout) }
        if let own = outcome.own.withLock({ $0 }) { return .own(try own.get()) }
        if error is DatabaseError || (error as? CacheError).map({ $0.code != .computationFailed }) ?? false {
            // The cache only saves work: a request is answered without it.
            context.logger.warning("A response is made without the cache", metadata: ["error": "\(error)"])
        }
        return .own(try await handler.respond(to: request, context: context))
    }
}
#endif
