import LiteCache
import LiteDB

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// All of the application's SQL. What changes a picture invalidates the cached wall, in the same transaction.
struct PictureStore: Sendable {
    /// What shows the pictures depends on it.
    static let galleryTag = "gallery"

    let cache: Cache
    /// How many pictures hang on the wall; older ones stay in the database.
    let galleryLength = 60

    /// The newest pictures, newest first.
    func gallery(in access: borrowing some ReadAccess & ~Copyable) throws -> [Picture] {
        try access.all(
            """
            SELECT id, title, style, state, width, height
            FROM pictures
            ORDER BY id DESC
            LIMIT \(galleryLength)
            """, Self.picture)
    }

    func picture(_ id: Int64, in access: borrowing some ReadAccess & ~Copyable) throws -> Picture? {
        try access.first(
            "SELECT id, title, style, state, width, height FROM pictures WHERE id = \(id)", Self.picture)
    }

    func file(
        _ file: PictureFile, of id: Int64, in access: borrowing some ReadAccess & ~Copyable
    ) throws -> [UInt8]? {
        try access.first(
            "SELECT bytes FROM picture_files WHERE picture_id = \(id) AND file = \(file.rawValue)", as: [UInt8].self)
    }

    /// Stores an upload.
    ///
    /// - Returns: The new picture's id.
    func insert(_ upload: Upload, at date: Date, in transaction: borrowing Transaction) throws -> Int64 {
        let (header, state) = (upload.header, Picture.State.working)
        try transaction.execute(
            """
            INSERT INTO pictures (title, style, state, width, height, created_at)
            VALUES (\(upload.title), \(upload.style.rawValue), \(state), \(header.width), \(header.height), \(date))
            """)
        let id = transaction.lastInsertedRowID
        try insert(.upload, header.type, upload.bytes, of: id, in: transaction)
        try cache.invalidate(tag: Self.galleryTag, in: transaction)
        return id
    }

    /// Hangs a styled picture.
    func finish(_ id: Int64, with styled: StyledPicture, in transaction: borrowing Transaction) throws {
        try insert(.original, .jpeg, styled.original, of: id, in: transaction)
        try insert(.styled, .jpeg, styled.styled, of: id, in: transaction)
        try transaction.execute(
            """
            UPDATE pictures
            SET state = \(Picture.State.ready), width = \(styled.header.width), height = \(styled.header.height)
            WHERE id = \(id)
            """)
        try cache.invalidate(tag: Self.galleryTag, in: transaction)
    }

    /// Says that a picture could not be styled.
    func fail(_ id: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute("UPDATE pictures SET state = \(Picture.State.failed) WHERE id = \(id)")
        try cache.invalidate(tag: Self.galleryTag, in: transaction)
    }

    /// Forgets what was uploaded for a picture that hangs.
    func removeUpload(of id: Int64, in transaction: borrowing Transaction) throws {
        try transaction.execute(
            "DELETE FROM picture_files WHERE picture_id = \(id) AND file = \(PictureFile.upload.rawValue)")
    }

    /// Takes some of the pictures away that could not be styled and came before a time.
    ///
    /// - Returns: How many.
    func removeFailed(before date: Date, in transaction: borrowing Transaction) throws -> Int {
        try cache.invalidate(tag: Self.galleryTag, in: transaction)
        return try transaction.execute(
            """
            DELETE FROM pictures
            WHERE id IN (
                SELECT id
                FROM pictures
                WHERE state = \(Picture.State.failed) AND created_at < \(date)
                LIMIT 20)
            """)
    }

    private func insert(
        _ file: PictureFile, _ type: ImageType, _ bytes: [UInt8], of id: Int64, in transaction: borrowing Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO picture_files (picture_id, file, media_type, bytes)
            VALUES (\(id), \(file.rawValue), \(type.mediaType), \(bytes))
            """)
    }

    private static func picture(_ row: borrowing Row) throws -> Picture {
        guard let style = PictureStyle(rawValue: try row.get(2)) else { throw UnknownStyle() }
        return Picture(
            id: try row.get(0), title: try row.get(1), style: style, state: try row.get(3), width: try row.get(4),
            height: try row.get(5))
    }

    /// A row of a newer release.
    private struct UnknownStyle: Error {}
}
