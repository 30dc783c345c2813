import HTTPTypes

/// Why an upload is not taken, in words for the person who sent it.
enum UploadRefusal: Error, Hashable {
    case unknownStyle
    case tooManyBytes
    case notAPicture
    case tooManyPixels(width: Int, height: Int)
    case foreignOrigin

    var status: HTTPResponse.Status {
        switch self {
        case .unknownStyle: .badRequest
        case .tooManyBytes: .contentTooLarge
        case .notAPicture: .unsupportedMediaType
        case .tooManyPixels: .unprocessableContent
        case .foreignOrigin: .forbidden
        }
    }

    var message: String {
        switch self {
        case .unknownStyle: "Pick one of the styles."
        case .tooManyBytes: "The file is larger than 5 MiB. Save it smaller and try again."
        case .notAPicture: "This is not a PNG or a JPEG picture."
        case .tooManyPixels(let width, let height):
            "The picture is \(width) × \(height). At most 25 megapixels and 16,000 a side are taken."
        case .foreignOrigin: "Only this site's own page may send pictures."
        }
    }
}
