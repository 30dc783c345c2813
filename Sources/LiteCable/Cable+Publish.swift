public import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Cable {
    /// A message that is not published yet: for publishing several at once.
    public struct Draft: Sendable {
        let payload: [UInt8]
        let isJSON: Bool
        let channel: String
        let event: String?
        let excluded: ConnectionID?

        /// A value, as JSON.
        ///
        /// - Throws: `CableError` with `unencodable`.
        public init(
            _ payload: some Encodable, to channel: String, event: String? = nil, excluding sender: ConnectionID? = nil
        ) throws {
            self.payload = try Cable.encoded(payload)
            isJSON = true
            (self.channel, self.event, excluded) = (channel, event, sender)
        }

        /// Bytes, as they are.
        public init(
            bytes: [UInt8], to channel: String, event: String? = nil, excluding sender: ConnectionID? = nil
        ) {
            payload = bytes
            isJSON = false
            (self.channel, self.event, excluded) = (channel, event, sender)
        }
    }

    /// Publishes a value as JSON, and returns when it is committed. One write transaction.
    ///
    /// - Parameters:
    ///   - payload: What subscribers decode.
    ///   - channel: Its name: parts with dots between them, at most 512 bytes, not beginning with `$`.
    ///   - event: What happened, for subscribers that tell events of one channel apart. Default none.
    ///   - sender: A connection that shall not receive it. Default none.
    /// - Returns: The message's place in the log.
    /// - Throws: `CableError` with `invalidChannel`, `invalidEvent`, `unencodable` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func publish(
        _ payload: some Encodable & Sendable, to channel: String, event: String? = nil,
        excluding sender: ConnectionID? = nil
    ) async throws -> Cursor {
        try await publish(one: Draft(payload, to: channel, event: event, excluding: sender))
    }

    /// Publishes bytes as they are, and returns when they are committed. One write transaction.
    ///
    /// - Returns: The message's place in the log.
    /// - Throws: `CableError` with `invalidChannel`, `invalidEvent` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func publish(
        bytes: [UInt8], to channel: String, event: String? = nil, excluding sender: ConnectionID? = nil
    ) async throws -> Cursor {
        try await publish(one: Draft(bytes: bytes, to: channel, event: event, excluding: sender))
    }

    /// Publishes several messages, all or none, next to each other in the log. One write transaction.
    ///
    /// - Returns: The place of the last; nil if there is none.
    /// - Throws: `CableError` with `invalidChannel`, `invalidEvent` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func publish(_ drafts: [Draft]) async throws -> Cursor? {
        let rows = try drafts.map(checked)
        let (store, now) = (store, clock.milliseconds())
        let last = try await database.write { transaction in try store.append(rows, at: now, in: transaction) }
        if let last { stamp.notePublished(last.seq) }
        return last
    }

    /// Publishes a value as JSON in the caller's transaction: it is seen when, and only when, that commits.
    ///
    /// - Returns: The message's place in the log, if the transaction commits.
    /// - Throws: `CableError` with `wrongDatabase`, `invalidChannel`, `invalidEvent`, `unencodable` or `tooLarge`;
    ///   `DatabaseError`.
    @discardableResult
    public func publish(
        _ payload: some Encodable, to channel: String, event: String? = nil, excluding sender: ConnectionID? = nil,
        in transaction: borrowing Transaction
    ) throws -> Cursor {
        try publish(one: Draft(payload, to: channel, event: event, excluding: sender), in: transaction)
    }

    /// Publishes bytes as they are in the caller's transaction.
    ///
    /// - Returns: The message's place in the log, if the transaction commits.
    /// - Throws: `CableError` with `wrongDatabase`, `invalidChannel`, `invalidEvent` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func publish(
        bytes: [UInt8], to channel: String, event: String? = nil, excluding sender: ConnectionID? = nil,
        in transaction: borrowing Transaction
    ) throws -> Cursor {
        try publish(one: Draft(bytes: bytes, to: channel, event: event, excluding: sender), in: transaction)
    }

    /// Publishes several messages in the caller's transaction.
    ///
    /// - Returns: The place of the last; nil if there is none.
    /// - Throws: `CableError` with `wrongDatabase`, `invalidChannel`, `invalidEvent` or `tooLarge`; `DatabaseError`.
    @discardableResult
    public func publish(_ drafts: [Draft], in transaction: borrowing Transaction) throws -> Cursor? {
        try check(transaction.databaseIdentifier)
        return try store.append(try drafts.map(checked), at: clock.milliseconds(), in: transaction)
    }

    private func publish(one draft: Draft) async throws -> Cursor {
        let row = try checked(draft)
        let (store, now) = (store, clock.milliseconds())
        let cursor = try await database.write { transaction in try store.append(row, at: now, in: transaction) }
        router.hand(
            on: StoredMessage(
                cursor: cursor, channel: row.channel, event: row.event, payload: row.payload, milliseconds: now,
                isJSON: row.isJSON, excluded: row.excluded))
        stamp.notePublished(cursor.seq)
        return cursor
    }

    private func publish(one draft: Draft, in transaction: borrowing Transaction) throws -> Cursor {
        try check(transaction.databaseIdentifier)
        return try store.append(try checked(draft), at: clock.milliseconds(), in: transaction)
    }

    private func checked(_ draft: Draft) throws -> CableStore.Draft {
        try ChannelName.check(draft.channel)
        if let event = draft.event { try ChannelName.checkEvent(event) }
        guard draft.payload.count <= configuration.maximumPayloadBytes else {
            throw CableError(
                .tooLarge,
                "Publishing \(draft.payload.count) bytes: at most \(configuration.maximumPayloadBytes) are allowed. "
                    + "Store the data and publish its id, or raise `maximumPayloadBytes`")
        }
        return CableStore.Draft(
            channel: draft.channel, event: draft.event, payload: draft.payload, isJSON: draft.isJSON,
            excluded: draft.excluded?.description)
    }

    static func encoded(_ payload: some Encodable) throws -> [UInt8] {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(payload))
        } catch {
            throw CableError(
                .unencodable, "Publishing a \(type(of: payload)): it cannot be encoded as JSON", underlying: error)
        }
    }
}
