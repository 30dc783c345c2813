/// What the studio makes of an upload: two JPEGs of the same size, upright, small and without metadata.
struct StyledPicture: Sendable {
    /// The upload, unchanged in its look.
    let original: [UInt8]
    /// The upload in its style.
    let styled: [UInt8]
    /// The size of both.
    let header: ImageHeader
}
