#if Hummingbird
import HTTPTypes
import Hummingbird
import NIOCore

/// A file for browsers that stands in the program, so that it is where the program is.
struct ClientModule: Sendable {
    let text: String
    let mediaType: String
    private let tag: String

    init(_ text: String, _ mediaType: String) {
        self.text = text
        self.mediaType = mediaType
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        tag = "\"\(String(hash, radix: 36))\""
    }

    /// The file; or that the browser has it already.
    func response(to request: Request) -> Response {
        var headers: HTTPFields = [.contentType: mediaType, .cacheControl: "no-cache", .eTag: tag]
        headers[.xContentTypeOptions] = "nosniff"
        guard request.headers[.ifNoneMatch] != tag else { return Response(status: .notModified, headers: headers) }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
#endif
