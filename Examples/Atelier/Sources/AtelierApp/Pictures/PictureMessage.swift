/// What is published when something happened to a picture. The page fetches how it looks now.
struct PictureMessage: Codable, Sendable, Hashable {
    static let channel = "gallery"

    let id: Int64
    let state: Picture.State
}
