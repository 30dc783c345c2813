import ArgumentParser
import CBenchSQLite

/// As `cable-listener`, by SUBSCRIBE.
struct RedisListenerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "redis-listener", shouldDisplay: false)

    @Argument var socket: String
    @Argument var count: Int

    func run() async throws {
        let descriptor = bench_connect(socket)
        let command = Array("*2\r\n$9\r\nSUBSCRIBE\r\n$7\r\nlatency\r\n".utf8)
        guard descriptor >= 0, write(descriptor, command, command.count) == command.count else {
            throw ChildError(message: "no connection to Redis")
        }
        var lines = Lines(descriptor: descriptor)
        // *3, $9, subscribe, $7, latency, :1
        for _ in 0..<6 { _ = try lines.next() }
        ParentLines.say("ready")
        var received = [UInt64](repeating: 0, count: count)
        while true {
            // *3, $7, message, $7, latency, $n, the number
            for _ in 0..<6 { _ = try lines.next() }
            let text = try lines.next()
            let now = bench_now()
            guard let number = Int(text), received.indices.contains(number) else {
                throw ChildError(message: "Redis sent \(text)")
            }
            received[number] = now
            if number == count - 1 { break }
        }
        try ParentLines.answer(received)
        close(descriptor)
    }

    private struct Lines {
        let descriptor: Int32
        private var buffer: [UInt8] = []
        private var start = 0
        private var chunk = [UInt8](repeating: 0, count: 4_096)

        init(descriptor: Int32) {
            self.descriptor = descriptor
        }

        mutating func next() throws -> String {
            while true {
                if let end = buffer[start...].firstIndex(of: 10) {
                    defer { start = end + 1 }
                    return String(decoding: buffer[start..<end - 1], as: UTF8.self)
                }
                buffer.removeFirst(start)
                start = 0
                let count = read(descriptor, &chunk, chunk.count)
                guard count > 0 else { throw ChildError(message: "Redis ended the connection or is silent") }
                buffer += chunk.prefix(count)
            }
        }
    }
}
