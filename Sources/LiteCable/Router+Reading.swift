import LiteDB
import Synchronization

/// Reading the log on, and handing on what came.
extension Router {
    /// The most stretches that are kept, however small.
    private static let maximumChunkCount = 4_096
    /// For how many subscribers at most a publisher does it itself.
    private static let maximumDirectCount = 16

    func pump(_ commits: CommitSequence.Iterator) async {
        readingCount.add(1, ordering: .relaxed)
        defer { readingCount.subtract(1, ordering: .relaxed) }
        do {
            while await commits.next() != nil, !Task.isCancelled {
                try readToEnd()
                // What publishers of this process have handed on as well.
                stamp.note(state.withLock { $0.head })
            }
            // Cancelled: nobody listens, or others have taken over already. Otherwise the database was closed.
            if !Task.isCancelled { close() }
        } catch let error as DatabaseError where error.code == .closed {
            close()
        } catch {
            fail(error)
        }
    }

    /// The next stretch; nil at the end of the log.
    private func readOn() throws -> LogChunk? {
        let (after, registrationCount) = state.withLock { ($0.head, $0.registrationCount) }
        return try database.read { snapshot in
            let head = try store.head(in: snapshot)
            guard head > after else { return nil }
            var channels: [String: Bool] = [:]
            let marks = try store.marks(after: after, in: snapshot)
            let (messages, through) = try store.scan(after: after, through: head, .large, in: snapshot) {
                channel in
                if let known = channels[channel] { return known }
                let isWanted = hasListener(for: channel)
                channels[channel] = isWanted
                return isWanted
            }
            return LogChunk(
                after: after, through: through, messages: messages, channels: Array(channels.keys), marks: marks,
                registrationCount: registrationCount)
        }
    }

    private func readToEnd() throws {
        while !Task.isCancelled, let chunk = try readOn(), hand(on: chunk) {
            // Behind the wake-ups: who waits does not wait for this as well.
            stamp.note(chunk.through)
        }
    }

    /// Hands on a stretch that was read; one that a publisher of this process has overtaken is read again, from there.
    ///
    /// - Returns: Whether to read on. False if nobody listens any more: who reads would never come further.
    func hand(on chunk: LogChunk) -> Bool {
        let woken = state.withLock { state -> [Listener]? in
            guard state.pump != nil else { return nil }
            return chunk.after == state.head ? add(chunk, to: &state) : []
        }
        for listener in woken ?? [] { listener.signal() }
        return woken != nil
    }

    /// The last stretch; who has to be woken for it.
    private func add(_ chunk: LogChunk, to state: inout State) -> [Listener] {
        state.head = chunk.through
        state.chunks.append(chunk)
        state.chunkBytes += chunk.byteCount
        forgetOldest(&state)
        var woken: [Listener] = []
        func wake(_ listener: Listener) {
            // One that has something pending already was signalled for it.
            guard listener.pendingFrom == nil else { return }
            listener.pendingFrom = chunk.after
            woken.append(listener)
        }
        Self.tellDisconnects(chunk, state)
        if chunk.marks.isEmpty {
            for channel in chunk.channels { state.tree.forEach(matching: channel, wake) }
        } else {
            state.listeners.values.forEach(wake)
        }
        return woken
    }

    /// Hands on a message that this process has committed, and spares its subscribers the reading task: two wake-ups less.
    ///
    /// Numbers are given out in the order of commits and without holes, so if the log was read up to the one before it,
    /// nothing lies between, and nothing behind that place was removed. Otherwise the task reads it, as it reads all else.
    func hand(on message: StoredMessage) {
        guard isReading else { return }
        let woken = state.withLock { state -> [Listener] in
            guard state.pump != nil, message.cursor.seq == state.head + 1 else { return [] }
            var count = 0
            state.tree.forEach(matching: message.channel) { _ in count += 1 }
            // Whoever publishes does not wake a crowd.
            guard count <= Self.maximumDirectCount else { return [] }
            let chunk = LogChunk(
                after: message.cursor.seq - 1, through: message.cursor.seq,
                messages: count > 0 ? [Cable.Message(stored: message)] : [], channels: [message.channel], marks: [],
                registrationCount: state.registrationCount)
            return add(chunk, to: &state)
        }
        for listener in woken { listener.signal() }
    }

    /// Beside the log, since who stands far back in it comes to its disconnect late, or not at all.
    private static func tellDisconnects(_ chunk: LogChunk, _ state: borrowing State) {
        func tell(_ listener: Listener) { listener.mayBeDisconnected.store(true, ordering: .relaxed) }
        for channel in chunk.channels where channel.hasPrefix(CableStore.subjectPrefix) {
            state.tree.forEach(matching: channel, tell)
        }
        if !chunk.marks.isEmpty { state.listeners.values.forEach(tell) }
    }

    private func forgetOldest(_ state: inout State) {
        var count = 0
        while state.chunks.count - count > 1,
            state.chunkBytes > recentBytes || state.chunks.count - count > Self.maximumChunkCount
        {
            state.chunkBytes -= state.chunks[count].byteCount
            count += 1
        }
        // Removing from the front moves all of them, so a few more than needed leave at a time.
        guard count > 0 else { return }
        let more = min(state.chunks.count - 1, count + state.chunks.count / 8)
        for chunk in state.chunks[count..<max(count, more)] { state.chunkBytes -= chunk.byteCount }
        state.chunks.removeFirst(max(count, more))
    }
}
