/// The files that the page needs beside it. They are in the program, so it runs from anywhere.
struct Assets: Sendable {
    /// A file with its type.
    struct File: Sendable {
        let mediaType: String
        let bytes: [UInt8]
    }

    private let files: [String: File]
    /// A new release has other paths, so browsers may keep a file for ever.
    private let version: String

    init() {
        files = [
            "style.css": File(mediaType: "text/css; charset=utf-8", bytes: PackageResources.style_css),
            "script.js": File(mediaType: "text/javascript; charset=utf-8", bytes: PackageResources.script_js),
            "icon.svg": File(mediaType: "image/svg+xml", bytes: PackageResources.icon_svg),
            "oil.jpg": File(mediaType: "image/jpeg", bytes: PackageResources.oil_jpg),
            "charcoal.jpg": File(mediaType: "image/jpeg", bytes: PackageResources.charcoal_jpg),
            "pencil.jpg": File(mediaType: "image/jpeg", bytes: PackageResources.pencil_jpg),
            "sepia.jpg": File(mediaType: "image/jpeg", bytes: PackageResources.sepia_jpg),
            "poster.jpg": File(mediaType: "image/jpeg", bytes: PackageResources.poster_jpg),
            "blueprint.jpg": File(mediaType: "image/jpeg", bytes: PackageResources.blueprint_jpg),
        ]
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for (_, file) in files.sorted(by: { $0.key < $1.key }) {
            for byte in file.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        version = String(hash, radix: 36)
    }

    func path(of name: String) -> String {
        "/assets/\(version)/\(name)"
    }

    func file(_ name: String) -> File? {
        files[name]
    }
}
