import LiteDB

extension Cache {
    /// How many live entries there are whose keys begin so. Reads as many rows as there are such keys, on a thread of
    /// LiteDB's own; ``statistics()`` has the number of all rows at once.
    ///
    /// - Throws: `DatabaseError`.
    public func count(prefix: String = "") async throws -> Int {
        var count = 0
        var pages = keys(prefix: prefix).pages()
        while let page = try await pages.next() { count += page.count }
        return count
    }

    /// The keys of live entries that begin so, in the order of their bytes.
    ///
    /// They are read in pages of 500, each a view of its own: entries that come and go meanwhile may or may not be among
    /// them.
    public func keys(prefix: String = "") -> Keys {
        Keys(core: core, prefix: scope.prefix + prefix)
    }

    /// Removes the entries whose keys begin so, in transactions of 500, so that others can write between them.
    ///
    /// - Returns: How many live ones there were.
    /// - Throws: `CacheError` with `degraded`; `DatabaseError`. What was removed before stays removed.
    @discardableResult
    public func delete(prefix: String) async throws -> Int {
        let (store, clock, whole) = (core.store, core.clock, scope.prefix + prefix)
        try core.refreshTags()
        var live = 0
        while true {
            try Task.checkCancellation()
            let deleted = try await core.write { transaction in
                try store.delete(
                    prefix: whole, limit: Keys.pageCount, at: clock.milliseconds(), in: transaction)
            }
            live += deleted.live
            if deleted.removed < Keys.pageCount { return live }
        }
    }

    /// Keys as they are read, page by page.
    public struct Keys: AsyncSequence, Sendable {
        /// A key.
        public typealias Element = String
        static let pageCount = 500

        let core: CacheCore
        /// With its namespace.
        let prefix: String

        /// Starts at the first key.
        public func makeAsyncIterator() -> Iterator { Iterator(pages: pages()) }

        func pages() -> Pages { Pages(core: core, next: prefix, end: Scope.end(ofPrefix: prefix)) }

        /// Reads a page at a time.
        public struct Iterator: AsyncIteratorProtocol {
            var pages: Pages
            private var page: [String] = []
            private var index = 0

            init(pages: Pages) {
                self.pages = pages
            }

            /// The next key; nil at the end.
            ///
            /// - Throws: `DatabaseError`.
            public mutating func next() async throws -> String? {
                while index == page.count {
                    guard let more = try await pages.next() else { return nil }
                    (page, index) = (more, 0)
                }
                defer { index += 1 }
                return page[index]
            }
        }

        struct Pages {
            let core: CacheCore
            var next: String?
            let end: String?

            /// The live keys of the next page, perhaps none; nil at the end.
            mutating func next() async throws -> [String]? {
                guard let first = next else { return nil }
                let (core, end) = (core, end)
                try core.refreshTags()
                let now = core.clock.milliseconds()
                let rows = try await core.scan(orElse: []) { snapshot in
                    try core.store.list(from: first, before: end, limit: Keys.pageCount, at: now, in: snapshot)
                }
                // The smallest text behind the last key.
                next = rows.count < Keys.pageCount ? nil : rows.last.map { $0.key + "\0" }
                return rows.filter(\.isLive).map { Scope.key(in: $0.key) }
            }
        }
    }
}
