import LiteStack
import NIOHTTP1
import Testing

@testable import AtelierApp

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite(.timeLimit(.minutes(5))) struct PageStreamTests {
    @Test func `what is published between rendering and connecting is the first thing that a page is told`()
        async throws
    {
        try await withAtelier { atelier in
            let cursor = try Self.cursor(of: try await atelier.http.send(.GET, "/").body)
            #expect(try await atelier.upload(Samples.png(width: 8, height: 8)).status == 202)
            try await atelier.waitUntil(1, is: .ready)
            try await atelier.events(after: cursor) { answer, lines in
                #expect(answer.headers["Content-Type"] == ["text/event-stream"])
                #expect(try await lines.event() == ["retry: 2000"])
                let working = try #require(try await lines.event())
                #expect(working.last?.hasSuffix(#""data":{"id":1,"state":"working"}}"#) == true)
                let ready = try #require(try await lines.event())
                #expect(ready.last?.hasSuffix(#""data":{"id":1,"state":"ready"}}"#) == true)
                #expect(ready.first == "id: \(try await atelier.stack.cable.cursor())")
            }
        }
    }

    @Test func `a picture that is hung while a page is rendered is on its wall or behind its cursor`() async throws {
        let stack = try await Stack.temporary()
        try await stack.db.migrate(PictureSchema.migrations)
        let gallery = Gallery(stack: stack, store: PictureStore(cache: stack.cache), assets: Assets())
        for isCached in [false, true] {
            let position = try gallery.position()
            if isCached { _ = try await gallery.page(at: position) }
            let id = try await stack.db.write { transaction in
                let upload = try Upload(bytes: Samples.png(width: 8, height: 8), title: "x", style: "oil")
                let id = try gallery.store.insert(upload, at: Date(), in: transaction)
                try stack.cable.publish(
                    PictureMessage(id: id, state: .working), to: PictureMessage.channel, in: transaction)
                return id
            }
            let page = try await gallery.page(at: position).text
            #expect(page.contains("picture-\(id)\""))
            let cursor = try #require(Cable.Cursor(try Self.cursor(of: page)))
            // If the picture is not behind the cursor, this is what comes, instead of nothing.
            try await stack.cable.publish(PictureMessage(id: 0, state: .failed), to: PictureMessage.channel)
            var events = try await stack.cable.subscribe(to: [PictureMessage.channel], from: .after(cursor))
                .makeAsyncIterator()
            guard case .message(let message)? = try await events.next() else {
                Issue.record("there was a gap")
                return
            }
            #expect(try message.decode(PictureMessage.self).id == id)
        }
        await stack.close()
    }

    @Test func `the wall and the stream together show every picture, whenever the page was asked for`() async throws {
        try await withAtelier { atelier in
            let store = PictureStore(cache: atelier.stack.cache)
            let upload = try Upload(bytes: Samples.png(width: 8, height: 8), title: "x", style: "oil")
            let total = 50  // all fit on one wall
            async let hanging: Void = {
                for _ in 0..<total {
                    try await atelier.stack.db.write { transaction in
                        let id = try store.insert(upload, at: Date(), in: transaction)
                        try atelier.stack.cable.publish(
                            PictureMessage(id: id, state: .working), to: PictureMessage.channel, in: transaction)
                    }
                }
            }()
            for _ in 0..<12 {
                let page = try await atelier.http.send(.GET, "/").body
                var seen = Set(page.matches(of: /id="picture-(\d+)"/).compactMap { Int64($0.1) })
                let cursor = try Self.cursor(of: page)
                seen = try await atelier.events(after: cursor) { [seen] _, lines in
                    var seen = seen
                    _ = try await lines.event()
                    while seen.count < total, let event = try await lines.event() {
                        let data = Data(try #require(event.last).dropFirst("data: ".count).utf8)
                        seen.insert(try JSONDecoder().decode(Envelope.self, from: data).data.id)
                    }
                    return seen
                }
                #expect(seen == Set(1...Int64(total)))
            }
            try await hanging
        }
    }

    private struct Envelope: Decodable {
        let data: PictureMessage
    }

    static func cursor(of page: String) throws -> String {
        String(try #require(page.firstMatch(of: /data-cursor="([^"]+)"/)).1)
    }
}
