#if Hummingbird
import HTTPTypes
import Hummingbird
import NIOCore

extension StoredResponse {
    /// The response to a request: without a body for HEAD, and if the client has it already (RFC 9110 §13).
    func response(to request: Request, at now: Int64) -> Response {
        var headers = headers
        headers[.age] = String(max(0, now - madeAt) / 1000)
        if isKnown(to: request.headers, headers) {
            // §15.4.5: nothing of what describes the body but its tag.
            for name in [HTTPField.Name.contentType, .contentEncoding, .contentLanguage, .contentDisposition] {
                headers[name] = nil
            }
            var response = Response(status: .notModified, headers: headers)
            response.headers[.contentLength] = nil
            return response
        }
        var response = Response(
            status: .init(code: status ?? 500), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        if status == 204 { response.headers[.contentLength] = nil }
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// Whether the client's copy is this one. A tag outdoes a date.
    private func isKnown(to request: HTTPFields, _ headers: HTTPFields) -> Bool {
        guard status == 200 else { return false }
        if request[.ifNoneMatch] != nil {
            let known = HTTPList.items(of: request[values: .ifNoneMatch]).map(Self.opaque)
            return known.contains("*") || headers[.eTag].map { known.contains(Self.opaque($0[...])) } ?? false
        }
        guard let since = request[.ifModifiedSince].flatMap({ HTTPDate.seconds($0) }),
            let modified = headers[.lastModified].flatMap({ HTTPDate.seconds($0) })
        else { return false }
        return modified <= since
    }

    /// A tag for the weak comparison, which a GET asks for (§13.1.2).
    private static func opaque(_ tag: Substring) -> Substring {
        tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
    }
}
#endif
