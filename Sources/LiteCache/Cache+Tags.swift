public import LiteDB

extension Cache {
    /// Ends every entry with this tag, in every namespace. Constant time: one small write transaction of the database that
    /// holds the tags.
    ///
    /// A computation that began before does not store its result. The entries' room is taken back as it is needed. Two tags
    /// can share an invalidation (there are 262,144 numbers for them), which costs a computation and is never wrong.
    ///
    /// - Throws: `CacheError` with `degraded`, if the tags are in the cache's own file; `DatabaseError`.
    public func invalidate(tag: String) async throws {
        try await invalidate(tags: [tag])
    }

    /// Ends every entry with any of these tags; see ``invalidate(tag:)``.
    ///
    /// - Throws: `CacheError` with `degraded`, if the tags are in the cache's own file; `DatabaseError`.
    public func invalidate(tags: some Sequence<String>) async throws {
        try await core.invalidate(tags.map { core.tags.bucket(ofTag: $0) })
    }

    /// Ends every entry with this tag, when and if the transaction commits: together with the data that they speak of.
    ///
    /// - Parameters:
    ///   - tag: The tag.
    ///   - transaction: Of the database that holds the tags: `stack.db`, or what was given as `tagsIn`.
    /// - Throws: `CacheError` with `wrongDatabase` or `degraded`; `DatabaseError`.
    public func invalidate(tag: String, in transaction: borrowing Transaction) throws {
        try check(transaction)
        try TagStore.invalidate([core.tags.bucket(ofTag: tag)], in: transaction)
    }

    /// Removes everything: on a namespace all of its entries, in constant time; on the cache itself the content of the
    /// file, whose pages are then given back to the file system in small transactions.
    ///
    /// - Throws: `CacheError` with `degraded`; `DatabaseError`.
    public func clear() async throws {
        if scope.name.isEmpty {
            let store = core.store
            try await core.write { transaction in try store.clear(in: transaction) }
            try await shrink()
        } else {
            try await clear(namespace: scope.name)
        }
    }

    /// Ends every entry of a namespace, in constant time.
    ///
    /// - Throws: `CacheError` with `degraded`, if the tags are in the cache's own file; `DatabaseError`.
    public func clear(namespace name: String) async throws {
        try await core.invalidate([core.tags.bucket(ofNamespace: name)])
    }

    /// Ends every entry of a namespace, when and if the transaction commits.
    ///
    /// - Throws: `CacheError` with `wrongDatabase` or `degraded`; `DatabaseError`.
    public func clear(namespace name: String, in transaction: borrowing Transaction) throws {
        try check(transaction)
        try TagStore.invalidate([core.tags.bucket(ofNamespace: name)], in: transaction)
    }

    private func check(_ transaction: borrowing Transaction) throws {
        try core.checkTagsWritable()
        guard transaction.databaseIdentifier == core.tags.database.identifier else {
            throw CacheError(
                .wrongDatabase,
                "Invalidating in a transaction: it is of another file than \(core.tags.database.path), which holds the "
                    + "tags, and the two would not commit together. Open the cache with `tagsIn:` that database")
        }
    }
}

extension CacheCore {
    /// Ends what is in these buckets, in a transaction of its own.
    func invalidate(_ buckets: [UInt32]) async throws {
        try checkTagsWritable()
        do {
            try await tags.database.write { transaction in try TagStore.invalidate(buckets, in: transaction) }
        } catch {
            throw isDamageOfTags(error) ? degraded : error
        }
    }
}
