import LiteStack
import NIOHTTP1
import Testing

@testable import AtelierApp

@Suite(.timeLimit(.minutes(5))) struct ServerTests {
    @Test func `an upload is styled by a job and hangs on the wall, with nothing in it but the picture`() async throws {
        try await withAtelier { atelier in
            let answer = try await atelier.upload(Samples.png(width: 60, height: 40), title: "A%20%3Cb%3Eship")
            #expect(answer.status == 202)
            #expect(answer.body == #"{"id":1}"#)
            try await atelier.waitUntil(1, is: .ready)
            let page = try await atelier.http.send(.GET, "/")
            #expect(page.body.contains("A &lt;b&gt;ship") && page.body.contains("/pictures/1/styled"))
            for path in ["/pictures/1/styled", "/pictures/1/original"] {
                let picture = try await atelier.http.send(.GET, path)
                #expect(ImageHeader(picture.bytes) == ImageHeader(type: .jpeg, width: 60, height: 40))
                #expect(picture.headers["Content-Type"] == ["image/jpeg"])
                #expect(picture.headers["X-Content-Type-Options"] == ["nosniff"])
                #expect(picture.headers["Content-Security-Policy"] == ["default-src 'none'; sandbox"])
            }
            // What was sent is not served: it may tell where it was taken.
            #expect(try await atelier.http.send(.GET, "/pictures/1/upload").status == 404)
        }
    }

    @Test func `every answer forbids what it does not need`() async throws {
        try await withAtelier { atelier in
            for path in ["/", "/nowhere", "/pictures/7", "/assets/x/style.css", "/token", "/cable/client.js"] {
                let answer = try await atelier.http.send(.GET, path)
                #expect(answer.headers["X-Content-Type-Options"] == ["nosniff"], "\(path)")
                let policy = answer.headers["Content-Security-Policy"].joined()
                #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "\(path)")
            }
        }
    }

    @Test(arguments: ["%3Cscript%3Ealert(1)%3C/script%3E", "@/etc/passwd", "%22%20onload=%22alert(1)"])
    func `a hostile title is shown as the text that it is`(title: String) async throws {
        try await withAtelier { atelier in
            #expect(try await atelier.upload(Samples.png(width: 8, height: 8), title: title).status == 202)
            try await atelier.waitUntil(1, is: .ready)
            let card = try await atelier.http.send(.GET, "/pictures/1").body
            #expect(!card.contains("<script") && !card.contains("root:") && !card.contains("\" onload"))
            let stored = try atelier.stack.db.read { snapshot in
                try snapshot.first("SELECT title FROM pictures", as: String.self)
            }
            #expect(["<script>alert(1)</script>", "@/etc/passwd", "\" onload=\"alert(1)"].contains(stored))
        }
    }

    @Test(arguments: [
        "http://elsewhere.example", "http://127.0.0.1.elsewhere.example", "https://127.0.0.1", "null", "",
    ])
    func `a page of another origin cannot send pictures`(origin: String) async throws {
        try await withAtelier { atelier in
            let answer = try await atelier.upload(Samples.png(width: 8, height: 8), origin: origin)
            #expect(answer.status == 403)
            #expect(try atelier.state(of: 1) == nil)
        }
    }

    @Test func `a request without an origin, or to a foreign name of this machine, changes nothing`() async throws {
        try await withAtelier { atelier in
            let bytes = Samples.png(width: 8, height: 8)
            let path = "/pictures?title=x&style=oil"
            #expect(try await atelier.http.send(.PUT, path, body: bytes).status == 403)
            // A name of the attacker's that was made to resolve to this machine: origin and host agree.
            let evil = "evil.example:\(atelier.http.port)"
            let rebound = [("Origin", "http://\(evil)"), ("Host", evil)]
            let answer = try await atelier.http.send(.PUT, path, headers: rebound, body: bytes)
            #expect(answer.status == 403)
            #expect(try atelier.state(of: 1) == nil)
        }
    }

    @Test(arguments: [true, false])
    func `a body above 5 MiB is refused, whether its length was declared or not`(declared: Bool) async throws {
        try await withAtelier { atelier in
            let bytes = Samples.png(width: 8, height: 8) + [UInt8](repeating: 0, count: Upload.maximumBytes)
            let answer = try await atelier.upload(bytes, declaresLength: declared)
            #expect(answer.status == 413)
            #expect(try atelier.state(of: 1) == nil)
        }
    }

    @Test func `too many pixels, other formats and unknown styles are refused before anything is stored`() async throws
    {
        try await withAtelier { atelier in
            let huge = Samples.png(header: (5001, 5000), data: [])
            #expect(try await atelier.upload(huge).status == 422)
            #expect(try await atelier.upload(Samples.svg).status == 415)
            #expect(try await atelier.upload(Samples.mvg).status == 415)
            #expect(try await atelier.upload([]).status == 415)
            #expect(try await atelier.upload(Samples.png(width: 8, height: 8), style: "ephemeral:x").status == 400)
            let counts = try atelier.stack.db.read { snapshot in
                (
                    try snapshot.first("SELECT count(*) FROM pictures", as: Int.self),
                    try snapshot.first("SELECT count(*) FROM picture_files", as: Int.self)
                )
            }
            #expect(counts == (0, 0))
        }
    }

    @Test func `a picture that cannot be decoded fails once, and everybody is told`() async throws {
        try await withAtelier { atelier in
            let broken = Samples.png(header: (40, 40), data: [1, 2, 3])
            #expect(try await atelier.upload(broken).status == 202)
            try await atelier.waitUntil(1, is: .failed)
            #expect(try await atelier.http.send(.GET, "/pictures/1").body.contains("could not be read"))
            #expect(try await atelier.http.send(.GET, "/pictures/1/styled").status == 404)
            #expect(
                try await atelier.messages(2) == [
                    PictureMessage(id: 1, state: .working), PictureMessage(id: 1, state: .failed),
                ])
        }
    }

    @Test func `the wall is rendered once for all who look, and anew after each change`() async throws {
        try await withAtelier { atelier in
            let empty = try await atelier.http.send(.GET, "/").body
            #expect(try await atelier.http.send(.GET, "/").body == empty)
            #expect(try await atelier.stack.cache.statistics().entryCount == 2)
            #expect(try await atelier.upload(Samples.png(width: 8, height: 8)).status == 202)
            try await atelier.waitUntil(1, is: .ready)
            let full = try await atelier.http.send(.GET, "/").body
            #expect(full.contains("picture-1") && full.contains("card ready"))
        }
    }

    @Test func `the page is answered from the cache to all, until an upload or a finished picture ends it`()
        async throws
    {
        try await withAtelier { atelier in
            let first = try await atelier.http.send(.GET, "/")
            #expect(first.headers["X-Cache"] == ["MISS"])
            let other = try await atelier.http.send(.GET, "/?x=1", headers: [("Cookie", "visitor=somebody")])
            #expect(other.headers["X-Cache"] == ["HIT"])
            #expect(other.body == first.body)
            let tag = try #require(first.headers["ETag"].first)
            #expect(try await atelier.http.send(.GET, "/", headers: [("If-None-Match", tag)]).status == 304)
            #expect(try await atelier.upload(Samples.png(width: 8, height: 8)).status == 202)
            #expect(
                try await atelier.http.send(.GET, "/", headers: [("If-None-Match", tag)]).body.contains("picture-1"))
            try await atelier.waitUntil(1, is: .ready)
            #expect(try await atelier.http.send(.GET, "/").body.contains("card ready"))
        }
    }
}
