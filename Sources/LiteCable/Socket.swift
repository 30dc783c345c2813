import LiteDB
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Cable {
    /// One client that talks both ways, over a WebSocket or whatever carries texts.
    ///
    /// The transport hands in the texts that come, sends the texts that it is given, and closes when it is told:
    ///
    /// ```swift
    /// let socket = try gateway.socket(for: grant)
    /// await socket.run(inbound: texts, send: { try await connection.send($0) }, close: { await connection.close($0) })
    /// ```
    ///
    /// The guide *The wire protocol* describes the texts.
    public final class Socket: Sendable {
        /// The client's connection.
        public let connection: ConnectionID
        private let gateway: Gateway
        private let grant: Grant
        private let seat: Gateway.Seat
        private let asked: Cursor
        private let state = Mutex(State())

        /// A subscription, and what tells that nothing more is sent for it.
        private struct Entry {
            let session: Session
            let end = AsyncStream<Void>.makeStream()
        }

        private struct State {
            var sessions: [String: Entry] = [:]
            var control: Session?
            var isStopped = false
            /// The client's texts have ended: whoever sees its task cancelled closes nothing.
            var isOver = false
        }

        init(gateway: Gateway, grant: Grant, seat: Gateway.Seat, connection: ConnectionID, asked: Cursor) {
            self.asked = asked
            self.gateway = gateway
            self.grant = grant
            self.seat = seat
            self.connection = connection
        }

        /// Ends the socket, from any task: for a server that shuts down.
        public func stop() {
            let control = state.withLock { state in
                state.isStopped = true
                return state.control
            }
            control?.stop()
        }

        /// Serves the client until its texts end, and ends what it subscribed to.
        ///
        /// - Parameters:
        ///   - inbound: The client's texts. The next one is asked for when the one before was answered.
        ///   - send: Sends a text, and returns when the client can take more. It is called by several tasks at once. One
        ///     that takes longer than the gateway's `stallTimeout` is cancelled.
        ///   - heartbeat: Called with each heartbeat: asks the client whether it is there, and throws if it is not. Default
        ///     nothing.
        ///   - close: Is told why the socket ends, if it is not the client that ended it. It has to end `inbound`.
        /// - Throws: What `inbound` throws.
        public func run<Texts: AsyncSequence>(
            inbound: Texts, send: @escaping @Sendable ([UInt8]) async throws -> Void,
            heartbeat: @escaping @Sendable () async throws -> Void = {},
            close: @escaping @Sendable (End) async -> Void
        ) async throws where Texts.Element == String {
            try await withThrowingDiscardingTaskGroup { group in
                let control = try Session(
                    gateway: gateway, seat: seat, grant: grant, connection: connection, asked: asked)
                let isStopped = state.withLock { state in
                    state.control = control
                    return state.isStopped
                }
                if isStopped { control.stop() }
                group.addTask { [self] in await watch(control, send, heartbeat, close) }
                // Before the group cancels its tasks, also when the texts end with an error that has a code of its own.
                defer { state.withLock { $0.isOver = true } }
                try await gateway.limitingStalls { control in
                    for try await text in inbound {
                        let new = try await answer(text) { text in try await control.deliver { try await send(text) } }
                        guard let (name, entry) = new else { continue }
                        group.addTask { [self] in await pass(name, entry, send) }
                    }
                }
                state.withLock { $0.isOver = true }
                group.cancelAll()
            }
        }

        /// Sends heartbeats, and ends the socket when the grant ends.
        private func watch(
            _ control: Session, _ send: @Sendable ([UInt8]) async throws -> Void,
            _ heartbeat: @Sendable () async throws -> Void, _ close: @Sendable (End) async -> Void
        ) async {
            do {
                let end = try await control.run { _ in
                    try await heartbeat()
                    // Subscriptions tell their own places; without any this shows that the server is there.
                    guard state.withLock({ $0.sessions.isEmpty }) else { return }
                    try await send(Array(#"{"type":"heartbeat"}"#.utf8))
                } ending: { end in
                    // One that takes nothing is closed without it.
                    try? await send(Array(#"{"type":"end","reason":"\#(end.rawValue)"}"#.utf8))
                }
                await close(end)
            } catch {
                guard !state.withLock({ $0.isOver }) else { return }
                // The client is gone, takes nothing, or its grant ended before it began: the socket ends either way.
                let code = (error as? CableError)?.code
                await close(code == .expired ? .expired : code == .unauthorised ? .disconnected : .closed)
            }
        }

        private func pass(_ name: String, _ entry: Entry, _ send: @Sendable ([UInt8]) async throws -> Void) async {
            let session = entry.session
            defer { entry.end.continuation.finish() }
            // An error ends this subscription alone, and the client is told; if it is gone, `watch` ends the rest.
            do {
                _ = try await session.run { delivery in
                    try await send(WireFormat(delivery).json(subscription: name))
                }
            } catch is CancellationError {
                // A client that takes nothing, and not one that has left: it would wait for its messages for ever.
                if !state.withLock({ $0.isOver }) { stop() }
                return
            } catch {
                try? await send(Self.error(name, error))  // a client that is gone is not told
            }
            state.withLock { state in
                if state.sessions[name]?.session === session { state.sessions[name] = nil }
            }
        }

        /// Does what a client said, and answers. A new subscription is returned.
        private func answer(
            _ text: String, _ send: @Sendable ([UInt8]) async throws -> Void
        ) async throws -> (name: String, entry: Entry)? {
            var id: String?
            do {
                let command = try SocketCommand(text, limits: gateway.limits)
                id = command.id
                switch command.do {
                case .ping:
                    try await send(Array(#"{"type":"pong"}"#.utf8))
                case .publish:
                    let cursor = try await publish(command)
                    try await send(Self.ok(id, cursor))
                case .unsubscribe:
                    if let entry = state.withLock({ $0.sessions.removeValue(forKey: id ?? "") }) {
                        entry.session.stop()
                        // What is under way would come under an id that may be another's by then.
                        for await _ in entry.end.stream {}
                    }
                    try await send(Self.ok(id, nil))
                case .subscribe:
                    let entry = try await subscribe(command)
                    // Before anything that it delivers.
                    try await send(Self.ok(id, nil))
                    return (id ?? "", entry)
                }
            } catch let error as CableError {
                try await send(Self.error(id, error))
            } catch let error as DatabaseError {
                try await send(Self.error(id, error))
            }
            return nil
        }

        private func subscribe(_ command: SocketCommand) async throws -> Entry {
            let name = command.id ?? ""
            let count = state.withLock { state in
                state.sessions[name] == nil ? state.sessions.count : Int.max
            }
            guard count < gateway.limits.maximumSubscriptionCount else {
                throw CableError(.overLimit, "A client subscribed too often, or twice under one id")
            }
            let session = try await gateway.session(
                for: grant, channels: command.channels ?? [], from: try command.start,
                presence: command.presence ?? [], connection: connection, seat: seat, asked: asked)
            let entry = Entry(session: session)
            state.withLock { $0.sessions[name] = entry }
            return entry
        }

        private func publish(_ command: SocketCommand) async throws -> Cursor {
            guard let channel = command.channel else {
                throw CableError(.invalidCommand, "A client published to no channel")
            }
            try grant.check(publishingTo: channel)
            try gateway.check(grant, asked: asked)
            return try await gateway.cable.publish(
                command.data ?? .null, to: channel, event: command.event,
                excluding: command.exclude == true ? connection : nil)
        }

        private static func ok(_ id: String?, _ cursor: Cursor?) -> [UInt8] {
            var bytes = Array(#"{"type":"ok""#.utf8)
            append(id, to: &bytes)
            if let cursor { bytes += Array(#","cursor":"\#(cursor)""#.utf8) }
            return bytes + [UInt8(ascii: "}")]
        }

        private static func error(_ id: String?, _ error: any Error) -> [UInt8] {
            let code = (error as? CableError)?.code.description ?? "unavailable"
            var bytes = Array(#"{"type":"error","code":"\#(code)""#.utf8)
            append(id, to: &bytes)
            return bytes + [UInt8(ascii: "}")]
        }

        private static func append(_ id: String?, to bytes: inout [UInt8]) {
            guard let id else { return }
            bytes += Array(#","id":"#.utf8)
            JSONText.append(id, to: &bytes)
        }
    }
}

extension Cable.Gateway {
    /// Begins a socket: one client that talks both ways. `asked` is as for
    /// ``session(for:channels:from:presence:connection:asked:)``.
    ///
    /// - Throws: `CableError` with `expired`, `unauthorised` or `overLimit`; `DatabaseError`.
    public func socket(
        for grant: Cable.Grant, connection: Cable.ConnectionID = Cable.ConnectionID(), asked: Cable.Cursor? = nil
    ) throws -> Cable.Socket {
        let seat = try Seat.take(in: self)
        let asked = try asked ?? cable.head()
        try check(grant, asked: asked)
        return Cable.Socket(gateway: self, grant: grant, seat: seat, connection: connection, asked: asked)
    }
}
