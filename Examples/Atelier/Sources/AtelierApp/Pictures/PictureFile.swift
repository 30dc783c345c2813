/// The files that are kept of a picture.
enum PictureFile: String, Sendable {
    /// As it was sent. Never served: it may hold where and when it was taken.
    case upload
    /// As it was sent, but small, upright and without metadata.
    case original
    /// In its style.
    case styled
}
