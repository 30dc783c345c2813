#if Hummingbird
import HTTPTypes
import Hummingbird
import Testing

@testable import LiteStackHummingbird

struct CacheControlTests {
    private func seconds(_ headers: HTTPFields, status: HTTPResponse.Status = .ok, route: Duration? = nil) -> Int64? {
        let response = Response(status: status, headers: headers)
        return StoredResponse.times(of: response, standard: route, at: 784_111_777_000).map {
            ($0.lifetime - $0.age) / 1000
        }
    }

    @Test func `the shared time comes before the other, that before Expires, and the route's comes last`() {
        let expires = "Sun, 06 Nov 1994 08:50:37 GMT"
        #expect(seconds([.cacheControl: "public, max-age=5, s-maxage=7", .expires: expires]) == 7)
        #expect(seconds([.cacheControl: "public, Max-Age=\"5\"", .expires: expires]) == 5)
        #expect(seconds([.cacheControl: "public", .expires: expires]) == 60)
        #expect(seconds([.cacheControl: "public", .expires: expires, .date: "Sun, 06 Nov 1994 08:50:07 GMT"]) == 30)
        #expect(seconds([.cacheControl: "public", .expires: "0"], route: .seconds(9)) == nil)
        #expect(seconds([.expires: expires]) == nil)
        #expect(seconds([:], route: .seconds(9)) == 9)
        #expect(seconds([.cacheControl: "max-age=5"], route: .seconds(9)) == 5)
        #expect(seconds([.cacheControl: "s-maxage=5", .age: "2"]) == 3)
        #expect(seconds([.cacheControl: "s-maxage=5", .age: "5"]) == nil)
        #expect(seconds([.cacheControl: "s-maxage=99999999999999999999"]) == 1 << 31)
        #expect(seconds([.pragma: "no-cache"], route: .seconds(9)) == nil)
        #expect(seconds([:], status: .notFound, route: .seconds(9)) == nil)
        #expect(seconds([:], status: .movedPermanently, route: .seconds(9)) == 9)
    }

    @Test func `of two times that disagree the shorter counts`() {
        var headers: HTTPFields = [.cacheControl: "public, max-age=60"]
        headers.append(HTTPField(name: .cacheControl, value: "max-age=5 "))
        #expect(seconds(headers) == 5)
    }

    @Test func `a date is read as HTTP writes it`() {
        #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(HTTPDate.seconds("Thu, 29 Feb 2024 23:59:60 GMT") == 1_709_251_200)
        for text in [
            "", "0", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 8:49 GMT",
        ] {
            #expect(HTTPDate.seconds(text) == nil)
        }
    }
}
#endif
