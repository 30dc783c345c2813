import LiteStack

/// Renders the page from one view of the database, with the wall out of the cache.
struct Gallery: Sendable {
    let stack: Stack
    let store: PictureStore
    let assets: Assets

    /// Where a page stands. Both are of one snapshot.
    struct Position: Sendable {
        let cursor: Cable.Cursor
        let version: Int
    }

    func position() throws -> Position {
        try stack.db.read { snapshot in
            Position(
                cursor: try stack.cable.cursor(in: snapshot), version: try store.galleryVersion(in: snapshot))
        }
    }

    /// The page of a position that may be over when it is rendered.
    ///
    /// The wall is cached under the version of the gallery, so a change of any picture makes it another entry. It may
    /// be newer than the position, never older. So whatever the wall does not show is behind the cursor, and the
    /// page's script will be told of it.
    func page(at position: Position) async throws -> HTML {
        let wall = try await stack.cache.fetch("gallery-\(position.version)", expiresIn: .minutes(60)) {
            [stack, store] in
            let pictures = try stack.db.read { snapshot in try store.gallery(in: snapshot) }
            return GalleryPage.wall(pictures).text
        }
        return GalleryPage.html(wall: HTML(stringLiteral: wall), cursor: position.cursor, assets: assets)
    }

    /// One card as it is now; nil if there is no such picture.
    func card(_ id: Int64) throws -> HTML? {
        try stack.db.read { snapshot in try store.picture(id, in: snapshot) }.map(PictureCard.html)
    }
}
