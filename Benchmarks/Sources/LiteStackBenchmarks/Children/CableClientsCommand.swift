import ArgumentParser
import CBenchSQLite
import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Many clients on one thread, which note how old each message is when it arrives.
struct CableClientsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cable-clients", shouldDisplay: false)

    @Argument var port: Int
    @Argument var count: Int
    @Argument var transport: String

    func run() async throws {
        let record = Record()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let request = try request()
        for first in stride(from: 0, to: count, by: 100) {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in first..<min(first + 100, count) {
                    tasks.addTask { try await connect(group, request, record) }
                }
                try await tasks.waitForAll()
            }
        }
        // A stream counts once its first bytes are there; nothing else tells this process of them than looking.
        while record.readyCount < count { try await Task.sleep(for: .milliseconds(10)) }  // before anything is timed
        try await Task.sleep(for: .seconds(1))  // what connecting left to do must not be in the first message's time
        ParentLines.say("connected")
        _ = ParentLines.next()
        try ParentLines.answer(record.latencies.recorded)
        _ = ParentLines.next()
        Foundation.exit(0)
    }

    private func connect(_ group: MultiThreadedEventLoopGroup, _ request: [UInt8], _ record: Record) async throws {
        let channel = try await ClientBootstrap(group: group)
            .connectTimeout(.seconds(60))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(record: record))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        try await channel.writeAndFlush(ByteBuffer(bytes: request))
    }

    private func request() throws -> [UInt8] {
        guard transport == "ws" else {
            return Array("GET /cable/events?channel=all HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n".utf8)
        }
        let handshake =
            "GET /cable/socket HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nOrigin: http://127.0.0.1:\(port)\r\n"
            + "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        // One text frame, masked with zeros.
        let command = Array(#"{"do":"subscribe","id":"s","channels":["all"]}"#.utf8)
        return Array(handshake.utf8) + [0x81, 0x80 | UInt8(command.count), 0, 0, 0, 0] + command
    }
}

/// What all connections of the process saw.
private final class Record: Sendable {
    private let state = Mutex((latencies: Latencies(), readyCount: 0))

    var latencies: Latencies { state.withLock { $0.latencies } }
    var readyCount: Int { state.withLock { $0.readyCount } }

    func ready() {
        state.withLock { $0.readyCount += 1 }
    }

    func received(sentAt time: UInt64) {
        state.withLock { $0.latencies.record(since: time) }
    }
}

/// Looks for `"sent":…` in what arrives; the frames around it do not matter.
private final class Reader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let record: Record
    private var isReady = false
    private static let marker = Array(#""sent":"#.utf8)

    init(record: Record) {
        self.record = record
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if !isReady {
            isReady = true
            record.ready()
        }
        buffer.withUnsafeReadableBytes { bytes in
            var index = 0
            let marker = Self.marker
            while index + marker.count < bytes.count {
                guard bytes[index] == marker[0],
                    marker.indices.allSatisfy({ bytes[index + $0] == marker[$0] })
                else {
                    index += 1
                    continue
                }
                index += marker.count
                var time: UInt64 = 0
                while index < bytes.count, (48...57).contains(bytes[index]) {
                    time = time * 10 + UInt64(bytes[index] - 48)
                    index += 1
                }
                record.received(sentAt: time)
            }
        }
    }
}
