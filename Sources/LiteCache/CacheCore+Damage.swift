import LiteDB
import Logging
import Synchronization

/// A file that turns out damaged while it is open, or is changed by a newer release so that this one cannot use it.
///
/// From then on the core is degraded, as if it had been opened so: reads find nothing, and changes are refused. Nobody
/// else's descriptors are touched; the next open sets a damaged file aside if nobody has it open.
extension CacheCore {
    /// Whether this error of the cache's own file says that it cannot be used any more. Then the core is degraded.
    ///
    /// An application's file that holds the cache too is the application's concern.
    func isDamage(_ error: any Error) -> Bool {
        guard ownsDatabase, let error = error as? DatabaseError else { return false }
        let isOutgrown = isOutgrown(error)
        guard isOutgrown || error.code == .damaged || error.code == .notADatabase || error.code == .replaced else {
            return false
        }
        guard !isDamaged.exchange(true, ordering: .sequentiallyConsistent) else { return true }
        memory?.shut()
        // Whoever removed the file has made room for a new one, and whoever changed its tables uses it.
        if error.code != .replaced, !isOutgrown { database.noteDamage() }
        logger.warning(
            isOutgrown
                ? """
                A newer release has changed the tables of the cache's file, and this one cannot use them: from now on this \
                process does without, every value is computed, and changes fail. Start it again with the newer release
                """
                : """
                The cache's file turned out damaged, or was removed, while it was open: from now on this process does \
                without, every value is computed, and changes fail. Stop all processes that have it open and start them \
                again: then a damaged file is set aside
                """, metadata: ["path": "\(database.path)", "error": "\(error)"])
        return true
    }

    /// Whether a statement failed because a newer release has changed the tables.
    private func isOutgrown(_ error: DatabaseError) -> Bool {
        let codes: [DatabaseError.Code] = [.invalidSQL, .constraint, .typeMismatch, .noSuchColumn]
        // One that cannot be read now is told by its own error.
        return codes.contains(error.code) && (try? database.isOutgrown(CacheSchema.tables)) == true
    }

    /// What the file says; `nothing` if it is damaged.
    func read<T>(
        orElse nothing: @autoclosure () -> T, _ body: (borrowing Snapshot) throws -> T
    ) throws -> T {
        if isDegraded { return nothing() }
        do {
            return try database.read(body)
        } catch {
            guard isDamage(error) else { throw error }
            return nothing()
        }
    }

    /// The same, on a thread of LiteDB's own.
    func scan<T: Sendable>(
        orElse nothing: T, _ body: @escaping @Sendable (borrowing Snapshot) throws -> T
    ) async throws -> T {
        if isDegraded { return nothing }
        do {
            return try await database.scan(body)
        } catch {
            guard isDamage(error) else { throw error }
            return nothing
        }
    }

    /// Changes the file.
    ///
    /// - Throws: `CacheError` with `degraded`; what `change` throws.
    func write<T: Sendable>(
        _ change: @escaping @Sendable (borrowing Transaction) throws -> T
    ) async throws -> T {
        try checkWritable()
        do {
            return try await database.write(change)
        } catch {
            throw isDamage(error) ? degraded : error
        }
    }

    // MARK: Tags

    /// Looks for invalidations; see ``TagVersions/refresh()``.
    @discardableResult
    func refreshTags() throws -> Int64 {
        do {
            return try tags.refresh()
        } catch {
            guard isDamageOfTags(error) else { throw error }
            return 0
        }
    }

    /// Whether none of these was invalidated; see ``TagVersions/isValid(_:since:)``. In a damaged file nothing is valid.
    func isValid(_ buckets: [UInt32], since tagsAt: Int64) throws -> Bool {
        do {
            return try tags.isValid(buckets, since: tagsAt)
        } catch {
            guard isDamageOfTags(error) else { throw error }
            return false
        }
    }

    func isDamageOfTags(_ error: any Error) -> Bool {
        tags.database === database && isDamage(error)
    }
}
