#if Hummingbird && Tokens
import Foundation
import Hummingbird
import HummingbirdCore
import LiteStack
import LiteStackHummingbird
import LiteStackTesting
import LiteStackWebSocket
import Logging
import NIOHTTP1
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(5))) struct SocketTests {
    @Test func `a client subscribes, receives and unsubscribes`() async throws {
        try await withSocketServer { server in
            let seen = try await server.cable.publish("seen", to: "room.7")
            try await server.cable.publish("missed", to: "room.7")
            try await server.open(["room.7", "room.8"]) { client in
                try await client.send(#"{"do":"subscribe","id":"a","channels":["room.7"],"after":"\#(seen)"}"#)
                #expect(try await client.nextText() == #"{"type":"ok","id":"a"}"#)
                let missed = try #require(try await client.nextText())
                #expect(
                    missed.hasPrefix(
                        #"{"type":"message","sub":"a","cursor":"\#(seen.epoch)-2","channel":"room.7","at":"#))
                #expect(missed.hasSuffix(#","data":"missed"}"#))
                try await client.send(#"{"do":"unsubscribe","id":"a"}"#)
                #expect(try await client.nextText() == #"{"type":"ok","id":"a"}"#)
                try await client.send(#"{"do":"subscribe","id":"b","channels":["room.8"]}"#)
                #expect(try await client.nextText() == #"{"type":"ok","id":"b"}"#)
                try await server.cable.publish("for a", to: "room.7")
                try await server.cable.publish("for b", to: "room.8")
                #expect(try #require(try await client.nextText()).hasSuffix(#","data":"for b"}"#))
            }
        }
    }

    @Test func `a client publishes if it may, and does not receive what it excludes itself from`() async throws {
        try await withSocketServer { server in
            try await server.open(["room.7"], .publish) { client in
                try await client.send(#"{"do":"subscribe","id":"s","channels":["room.7"]}"#)
                _ = try await client.nextText()
                let data = #"{"a":[1,2.5,"ü\n",null,true]}"#
                try await client.send(
                    #"{"do":"publish","id":"p","channel":"room.7","event":"said","data":\#(data),"exclude":true}"#)
                let answer = try #require(try await client.nextText())
                #expect(answer.hasPrefix(#"{"type":"ok","id":"p","cursor":""#))
                try await client.send(#"{"do":"publish","id":"q","channel":"room.7","data":7}"#)
                var texts = [try await client.nextText() ?? "", try await client.nextText() ?? ""]
                texts.sort { $0.count < $1.count }
                #expect(texts[1].hasSuffix(#","data":7}"#))
                var log = try await server.cable.subscribe(to: "room.7", from: .last(2)).makeAsyncIterator()
                guard case .message(let said) = try await log.next() else { return }
                #expect(said.event == "said")
                #expect(said.text == data)
                for (command, code) in [
                    (#"{"do":"publish","id":"x","channel":"room.8","data":1}"#, "forbidden"),
                    (#"{"do":"publish","id":"x","channel":"$presence.room.7","data":1}"#, "invalidChannel"),
                    (#"{"do":"publish","id":"x","data":1}"#, "invalidCommand"),
                    (#"{"do":"publish","id":"x","channel":"room.7","event":"\u0007"}"#, "invalidEvent"),
                ] {
                    try await client.send(command)
                    #expect(try await client.nextText() == #"{"type":"error","code":"\#(code)","id":"x"}"#)
                }
            }
            try await server.open(["room.7"]) { client in
                try await client.send(#"{"do":"publish","id":"x","channel":"room.7","data":1}"#)
                #expect(try await client.nextText() == #"{"type":"error","code":"forbidden","id":"x"}"#)
            }
        }
    }

    @Test func `what is no command is refused, and the socket stays open`() async throws {
        try await withSocketServer { server in
            try await server.open(["room.7"]) { client in
                for text in ["", "[]", "{", #"{"do":"fly"}"#, #"{"do":"subscribe","channels":7}"#, "null"] {
                    try await client.send(text)
                    #expect(try await client.nextText() == #"{"type":"error","code":"invalidCommand"}"#, "\(text)")
                }
                try await client.send(#"{"do":"ping"}"#)
                #expect(try await client.nextText() == #"{"type":"pong"}"#)
                try await client.send([1, 2, 3], opcode: 9)
                #expect(try await client.next() == SocketClient.Frame(opcode: 10, bytes: [1, 2, 3]))
                // A text in three pieces with a ping between them.
                let command = Array(#"{"do":"ping"}"#.utf8)
                try await client.send(Array(command[..<4]), fin: false)
                try await client.send([], opcode: 9)
                try await client.send(Array(command[4..<8]), opcode: 0, fin: false)
                try await client.send(Array(command[8...]), opcode: 0)
                #expect(try await client.nextText() == #"{"type":"pong"}"#)
            }
        }
    }

    enum Fault: CaseIterable {
        case unmasked, reservedBit, reservedOpcode, fragmentedPing, longPing, orphan, interrupted, binary, badUTF8, long
        case longInPieces, badCloseCode

        var code: Int {
            switch self {
            case .binary: 1003
            case .badUTF8: 1007
            case .long, .longInPieces: 1009
            default: 1002
            }
        }

        func send(_ client: SocketClient) async throws {
            let long = [UInt8](repeating: 32, count: 70_000)
            switch self {
            case .unmasked: try await client.send([65], isMasked: false)
            case .reservedBit: try await client.send([65], reserved: 0x40)
            case .reservedOpcode: try await client.send([65], opcode: 3)
            case .fragmentedPing: try await client.send([], opcode: 9, fin: false)
            case .longPing: try await client.send(Array(long[..<126]), opcode: 9)
            case .orphan: try await client.send([65], opcode: 0)
            case .interrupted:
                try await client.send([65], fin: false)
                try await client.send([65])
            case .binary: try await client.send([65], opcode: 2)
            case .badUTF8: try await client.send([0xc3, 0x28])
            case .long: try await client.send(long)
            case .longInPieces:
                try await client.send(Array(long[..<40_000]), fin: false)
                try await client.send(Array(long[..<40_000]), opcode: 0)
            case .badCloseCode: try await client.send([0x03, 0xed], opcode: 8)
            }
        }
    }

    @Test(arguments: Fault.allCases)
    func `frames that break the rules close the connection with the code for it`(fault: Fault) async throws {
        try await withSocketServer { server in
            try await server.open(["room.7"]) { client in
                try await fault.send(client)
                #expect(try await client.nextText() == "closed \(fault.code)")
                #expect(try await client.next() == nil)
            }
            try await eventually("the place is free") { server.gateway.connectionCount == 0 }
        }
    }

    @Test func `a close is answered with its code, and the connection ends`() async throws {
        try await withSocketServer { server in
            try await server.open(["room.7"]) { client in
                try await client.send([0x03, 0xe8, 98, 121, 101], opcode: 8)
                #expect(try await client.next() == SocketClient.Frame(opcode: 8, bytes: [0x03, 0xe8]))
                #expect(try await client.next() == nil)
            }
        }
    }

    @Test func `an upgrade is refused without a grant, from a foreign page, and elsewhere`() async throws {
        try await withSocketServer { server in
            let token = try server.keys.token(for: "ada", channels: ["room.7"])
            func status(_ query: String, path: String = "/cable/socket", headers: [String] = []) async throws -> Int {
                do {
                    return try await SocketClient.open(
                        port: server.http.port, query, path: path, headers: headers
                    ) { _ in 101 }
                } catch {
                    guard let refused = error as? SocketClient.Refused else { throw error }
                    return refused.status
                }
            }
            #expect(try await status("") == 401)
            #expect(try await status("token=lite1.k.e30.AAAA") == 401)
            #expect(try await status("token=\(token)&connection=%20") == 400)
            #expect(try await status("token=\(token)", path: "/elsewhere") == 404)
            #expect(try await status("token=\(token)", headers: ["Origin: https://evil.example"]) == 403)
            #expect(
                try await status("token=\(token)", headers: ["Origin: http://127.0.0.1:\(server.http.port)"]) == 101)
            #expect(try await status("token=\(token)", headers: ["Origin: https://friend.example"]) == 101)
            #expect(try await status("", headers: ["Authorization: Bearer \(token)"]) == 101)
            // As a page does, which can set no other field.
            let offered = "Sec-WebSocket-Protocol: litecable, litecable.token.\(token)"
            let head = try await SocketClient.open(port: server.http.port, headers: [offered]) { $0.head }
            #expect(head.lowercased().contains("\r\nsec-websocket-protocol: litecable\r\n"), "\(head)")
            #expect(try await status("", headers: ["Sec-WebSocket-Protocol: litecable, litecable.token.x"]) == 401)
            // HTTP goes on working on the same port.
            #expect(try await server.http.send(.GET, "/cable/client.js").status == 200)
        }
    }

    @Test func `a socket ends with its token, its subject, and its server`() async throws {
        try await withSocketServer { server in
            let short = try server.keys.token(for: "bob", channels: ["room.7"], lifetime: .seconds(3))
            try await SocketClient.open(port: server.http.port, "token=\(short)") { client in
                let end = try await client.nextText()
                #expect(end == #"{"type":"end","reason":"expired"}"#)
                #expect(try await client.nextText() == "closed 4001")
            }
            try await server.open(["room.7"]) { client in
                try await client.send(#"{"do":"ping"}"#)
                _ = try await client.nextText()
                try await server.cable.disconnect(subject: "ada")
                #expect(try await client.nextText() == #"{"type":"end","reason":"disconnected"}"#)
                #expect(try await client.nextText() == "closed 4003")
            }
            let token = try server.keys.token(for: "eve", channels: ["room.7"])
            try await SocketClient.open(port: server.http.port, "token=\(token)") { client in
                try await client.send(#"{"do":"ping"}"#)
                _ = try await client.nextText()
                await server.services.triggerGracefulShutdown()
                #expect(try await client.nextText() == #"{"type":"end","reason":"closed"}"#)
                #expect(try await client.nextText() == "closed 1001")
                #expect(try await client.next() == nil)
            }
        }
    }

    @Test func `a client that shows no life is disconnected`() async throws {
        var limits = Cable.Gateway.Limits()
        limits.heartbeat = .milliseconds(100)
        try await withSocketServer(limits) { server in
            try await server.open(["room.7"]) { client in
                var pings = 0
                // It reads, and answers no ping.
                while let frame = try await client.next() {
                    if frame.opcode == 9 { pings += 1 }
                }
                #expect(pings == 2)
            }
        }
    }

    // MARK: Support

    private struct Server {
        let gateway: Cable.Gateway
        let keys: Cable.SigningKeys
        let http: HTTPConnection
        let services: ServiceGroup

        var cable: Cable { gateway.cable }

        func open<T: Sendable>(
            _ channels: [String], _ permissions: Cable.Grant.Permissions = [],
            _ body: (inout SocketClient) async throws -> T
        ) async throws -> T {
            let token = try keys.token(for: "ada", channels: channels, permissions: permissions)
            return try await SocketClient.open(port: http.port, "token=\(token)", body)
        }
    }

    private func withSocketServer(
        _ limits: Cable.Gateway.Limits = .init(), _ body: @escaping @Sendable (Server) async throws -> Void
    ) async throws {
        var logger = Logger(label: "socket-tests")
        logger.logLevel = .error
        let stack = try await Stack.temporary(logger: logger)
        let keys = Cable.SigningKeys(.ephemeral())
        let gateway = Cable.Gateway(stack.cable, limits: limits)
        let router = Router()
        router.addCable(gateway, keys: keys)
        let server = HTTPServerBuilder.http1WithCable(gateway, origins: ["https://friend.example"], keys: keys)
        try await withServer(router, server: server, services: [stack], logger: logger) { http, services in
            try await body(Server(gateway: gateway, keys: keys, http: http, services: services))
        }
    }
}
#endif
