/// What a picture can be turned into.
enum PictureStyle: String, Sendable, CaseIterable {
    case oil
    case charcoal
    case pencil
    case sepia
    case poster
    case blueprint

    var label: String {
        switch self {
        case .oil: "Oil paint"
        case .charcoal: "Charcoal"
        case .pencil: "Pencil"
        case .sepia: "Sepia"
        case .poster: "Poster"
        case .blueprint: "Blueprint"
        }
    }

    /// The operations, in ImageMagick's words, which 6 and 7 both understand.
    var operations: [String] {
        switch self {
        case .oil:
            ["-paint", "5", "-modulate", "103,122"]
        case .charcoal:
            ["-charcoal", "2", "-sigmoidal-contrast", "4x62%"] + Self.tinted("#1d1a18", "#f6f1e7")
        case .pencil:
            // Each point is divided by its blurred neighbourhood: only the edges stay. Twice, for a darker line.
            ["-colorspace", "Gray", "(", "+clone", "-negate", "-blur", "0x7", ")", "-compose", "ColorDodge"]
                + ["-composite", "(", "+clone", ")", "-compose", "Multiply", "-composite", "-level", "12%,100%,0.8"]
                + Self.tinted("#2a2f3a", "#fbfaf6")
        case .sepia:
            ["-modulate", "108,100", "-sepia-tone", "86%", "-level", "3%,97%,1.15"]
        case .poster:
            ["-paint", "3", "-dither", "None", "-modulate", "104,135", "-colors", "9"]
        case .blueprint:
            ["-colorspace", "Gray", "-normalize", "-sigmoidal-contrast", "4x50%"] + Self.tinted("#08264d", "#f1f6f4")
        }
    }

    /// Black becomes `dark`, white becomes `light`.
    private static func tinted(_ dark: String, _ light: String) -> [String] {
        ["-colorspace", "sRGB", "-type", "TrueColor", "+level-colors", "\(dark),\(light)"]
    }
}
