/// Why a picture could not be styled.
enum StudioError: Error, Hashable {
    /// The picture cannot be decoded, or needs more than it may have. Another try would end in the same way.
    case unusablePicture(String)
    /// ImageMagick is not where distributions install it.
    case missingImageMagick
    /// ImageMagick did not end the smallest of tasks.
    case imageMagickDoesNotRun
    /// ImageMagick read what the policy forbids, so the policy is not in force, and nothing may be decoded.
    case policyNotInForce
    /// ImageMagick was killed by somebody else, for example for the system's lack of memory.
    case killed(signal: Int32)

    var explanation: String {
        switch self {
        case .unusablePicture(let text): "the picture cannot be used: \(text)"
        case .missingImageMagick: "ImageMagick is missing. Install it: apt-get install imagemagick"
        case .imageMagickDoesNotRun: "ImageMagick does not run. Try it by hand: convert -version"
        case .policyNotInForce: "ImageMagick ignores the policy that protects it from uploads; it is not used like this"
        case .killed(let signal): "ImageMagick was killed by signal \(signal)"
        }
    }
}

extension StudioError: CustomStringConvertible {
    var description: String { explanation }
}
