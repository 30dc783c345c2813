import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The forms that answers have.
enum Responses {
    /// What this server may store for a minute, and a browser asks for each time.
    ///
    /// A page that is older than it has to be misses nothing: its script goes on from its cursor.
    static func page(_ html: HTML) -> Response {
        var response = Self.html(html)
        response.headers[.cacheControl] = "public, max-age=0, s-maxage=60"
        return response
    }

    static func html(_ html: HTML) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html.text)))
    }

    /// A file that never changes under its path.
    static func file(_ bytes: [UInt8], _ mediaType: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: mediaType, .cacheControl: "public, max-age=31536000, immutable"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A picture that came out of the studio: shown, and nothing else done with it, whatever it may hold.
    static func picture(_ bytes: [UInt8]) -> Response {
        var response = file(bytes, ImageType.jpeg.mediaType)
        response.headers[.contentSecurityPolicy] = "default-src 'none'; sandbox"
        return response
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: [UInt8](try JSONEncoder().encode(value)))))
    }

    static func refusal(_ refusal: UploadRefusal) throws -> Response {
        try json(["error": refusal.message], status: refusal.status)
    }
}
