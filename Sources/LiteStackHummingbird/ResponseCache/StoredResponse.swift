#if Hummingbird
import HTTPTypes
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A response as it stands in the cache, or the note that there is none to store.
struct StoredResponse: Codable, Sendable {
    /// A header field, and what a request had in one that the response varies by.
    struct Field: Codable, Sendable {
        let name: String
        let value: String?
    }

    /// Nil: what the handler answered may not be stored, and callers need not wait for one another.
    let status: Int?
    let fields: [Field]
    /// The request's fields that the response depends on, as they were.
    let variant: [Field]
    /// When it was made, in milliseconds since 1970; earlier if it came with an `Age`.
    let madeAt: Int64
    /// Milliseconds.
    let lifetime: Int64
    /// For how long behind its lifetime it is served while it is made anew, in milliseconds.
    let staleWhileRevalidate: Int64
    /// For how long behind its lifetime it is served if the handler fails, in milliseconds.
    let staleIfError: Int64
    let body: Data
    /// Of a note that there is none: which one it is, unlike all others.
    let name: String?

    /// Until when it is fresh.
    var freshUntil: Int64 { madeAt + lifetime }

    /// For `lifetime` milliseconds.
    static func pass(at now: Int64, lifetime: Int64, name: String) -> Self {
        Self(
            status: nil, fields: [], variant: [], madeAt: now, lifetime: lifetime, staleWhileRevalidate: 0,
            staleIfError: 0, body: Data(), name: name)
    }

    /// The header fields as they were.
    var headers: HTTPFields {
        var headers = HTTPFields()
        for field in fields {
            if let name = HTTPField.Name(field.name), let value = field.value {
                headers.append(HTTPField(name: name, value: value))
            }
        }
        return headers
    }

    /// Whether it answers this request too (RFC 9111 §4.1).
    func isFor(_ request: HTTPFields) -> Bool {
        variant.allSatisfy { field in
            HTTPField.Name(field.name).map { Self.value(of: $0, in: request) == field.value } ?? false
        }
    }

    /// The value of a request's field, its lines joined, without spaces that mean nothing. Where case means nothing
    /// either, in lower case.
    static func value(of name: HTTPField.Name, in request: HTTPFields) -> String? {
        guard request[name] != nil else { return nil }
        let items = HTTPList.items(of: request[values: name]).map { item in
            item.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
        }
        let text = items.joined(separator: ",")
        return [.acceptEncoding, .acceptLanguage, .accept].contains(name) ? text.lowercased() : text
    }
}
#endif
