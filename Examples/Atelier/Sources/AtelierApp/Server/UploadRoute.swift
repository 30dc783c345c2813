import Hummingbird
import LiteStack

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `PUT /pictures?title=…&style=…` with the file as the body.
struct UploadRoute: Sendable {
    /// The answer: where the card of the new picture is.
    private struct Accepted: Encodable {
        let id: Int64
    }

    let stack: Stack
    let store: PictureStore

    func handle(_ request: Request) async throws -> Response {
        do {
            let upload = try await Self.upload(in: request)
            return try Responses.json(Accepted(id: try await accept(upload)), status: .accepted)
        } catch let refusal as UploadRefusal {
            return try Responses.refusal(refusal)
        }
    }

    /// The picture, its job and the news of it are committed together, or none of them.
    private func accept(_ upload: Upload) async throws -> Int64 {
        try await stack.db.write { [stack, store] transaction in
            let id = try store.insert(upload, at: Date(), in: transaction)
            try stack.jobs.enqueue(StylePicture(picture: id), unique: .arguments(), in: transaction)
            try stack.cable.publish(
                PictureMessage(id: id, state: .working), to: PictureMessage.channel, in: transaction)
            return id
        }
    }

    /// Reads no more than the limit, whatever length is declared.
    private static func upload(in request: Request) async throws -> Upload {
        if let length = request.headers[.contentLength].flatMap(Int.init), length > Upload.maximumBytes {
            throw UploadRefusal.tooManyBytes
        }
        var bytes: [UInt8] = []
        for try await chunk in request.body {
            guard bytes.count + chunk.readableBytes <= Upload.maximumBytes else { throw UploadRefusal.tooManyBytes }
            bytes += chunk.readableBytesView
        }
        let parameters = request.uri.queryParameters
        return try Upload(
            bytes: bytes, title: parameters["title"].map(String.init), style: parameters["style"].map(String.init))
    }
}
