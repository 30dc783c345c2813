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
