import CBenchSQLite

/// Connections to a server of others: each sends a request, and the next when it has the answer. No pipelining.
/// What does not answer for 5 s is an error.
///
/// One thread serves them all, as redis-benchmark does.
final class PeerClient {
    private var polls: [pollfd] = []
    private var missing: [Int] = []
    private var buffer = [UInt8](repeating: 0, count: 4_096)

    init(_ socket: String, connectionCount: Int) throws {
        for _ in 0..<connectionCount {
            let descriptor = bench_connect(socket)
            guard descriptor >= 0 else { throw ChildError(message: "no connection to \(socket)") }
            polls.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
            missing.append(0)
        }
    }

    deinit {
        for entry in polls { close(entry.fd) }
    }

    /// One request and its whole answer, on the first connection.
    func ask(_ request: [UInt8], answerCount: Int) throws {
        try send(request, at: 0, answerCount)
        while try !receive(at: 0) {}
    }

    /// Requests a second, for about as long as told.
    ///
    /// - Parameters:
    ///   - requests: Are sent one after the other, and again.
    ///   - answerCount: Bytes of an answer. Another answer is an error.
    func perSecond(_ requests: [[UInt8]], answerCount: Int, for duration: Duration) throws -> Double {
        let start = bench_now()
        let end = start + duration.nanoseconds
        var (count, next) = (0, 0)
        func request() -> [UInt8] {
            next = next + 1 == requests.count ? 0 : next + 1
            return requests[next]
        }
        if polls.count == 1 {
            while bench_now() < end {
                try ask(request(), answerCount: answerCount)
                count += 1
            }
            return Double(count) / (Double(bench_now() - start) / 1e9)
        }
        for index in polls.indices { try send(request(), at: index, answerCount) }
        var open = polls.count
        while open > 0 {
            guard poll(&polls, nfds_t(polls.count), 5_000) > 0 else {
                throw ChildError(message: "a server does not answer")
            }
            let isOver = bench_now() >= end
            for index in polls.indices where polls[index].revents != 0 {
                guard try receive(at: index) else { continue }
                count += 1
                if isOver { open -= 1 } else { try send(request(), at: index, answerCount) }
            }
        }
        return Double(count) / (Double(bench_now() - start) / 1e9)
    }

    private func send(_ request: [UInt8], at index: Int, _ answerCount: Int) throws {
        guard write(polls[index].fd, request, request.count) == request.count else {
            throw ChildError(message: "a server takes no request")
        }
        missing[index] = answerCount
    }

    /// Takes what is there; true once the answer is whole.
    private func receive(at index: Int) throws -> Bool {
        let count = read(polls[index].fd, &buffer, buffer.count)
        guard count > 0, count <= missing[index] else {
            let text = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
            throw ChildError(message: "a server answered otherwise: \(text)")
        }
        missing[index] -= count
        return missing[index] == 0
    }
}
