#if Hummingbird
import LiteStackHummingbird
import Testing

@Suite struct ServerSentEventTests {
    @Test func `an event is its fields, one a line, and an empty line`() {
        let event = ServerSentEvent(id: "7", name: "news", data: "rain")
        #expect(event.encoded == "id: 7\nevent: news\ndata: rain\n\n")
    }

    @Test func `what is nil is left out, and empty data are a line of their own`() {
        #expect(ServerSentEvent(data: "").encoded == "data: \n\n")
    }

    @Test func `every kind of line end begins a new line of data`() {
        let event = ServerSentEvent(data: "a\nb\r\nc\rd\n")
        #expect(event.encoded == "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n")
    }

    @Test func `a line break in an id or a name cannot begin a field`() {
        let event = ServerSentEvent(id: "1\ndata: x", name: "n\r\nid: 2", data: "d\nevent: y")
        #expect(event.encoded == "id: 1 data: x\nevent: n id: 2\ndata: d\ndata: event: y\n\n")
    }
}
#endif
