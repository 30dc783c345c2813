import LiteStack

/// Renders the page from one view of the database, with the wall out of the cache.
struct Gallery: Sendable {
    let stack: Stack
    let store: PictureStore
    let assets: Assets

    /// Where a page stands: what is published behind it, its script will be told of.
    func position() throws -> Cable.Cursor {
        try stack.db.read { snapshot in try stack.cable.cursor(in: snapshot) }
    }

    /// The page of a position that may be over when it is rendered.
    ///
    /// The wall comes out of the cache, and each change of a picture invalidates it in its own transaction. So it may be
    /// newer than the position, never older: whatever the wall does not show is behind the cursor.
    func page(at cursor: Cable.Cursor) async throws -> HTML {
        let wall = try await stack.cache.fetch("gallery", expiresIn: .minutes(60), tags: [PictureStore.galleryTag]) {
            [stack, store] in
            let pictures = try stack.db.read { snapshot in try store.gallery(in: snapshot) }
            return GalleryPage.wall(pictures).text
        }
        return GalleryPage.html(wall: HTML(stringLiteral: wall), cursor: cursor, assets: assets)
    }

    /// One card as it is now; nil if there is no such picture.
    func card(_ id: Int64) throws -> HTML? {
        try stack.db.read { snapshot in try store.picture(id, in: snapshot) }.map(PictureCard.html)
    }
}
