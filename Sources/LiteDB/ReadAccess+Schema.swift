extension ReadAccess where Self: ~Copyable {
    /// The tables and views, SQLite's own left out, by name.
    ///
    /// - Throws: `DatabaseError`.
    public func tables() throws -> [TableDescription] {
        try all(
            """
            SELECT name, type, strict, wr
            FROM pragma_table_list
            WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
            ORDER BY name
            """
        ) { row in
            TableDescription(
                name: try row.text(0), kind: try row.text(1), isStrict: try row.get(2), isWithoutRowID: try row.get(3))
        }
    }

    /// The columns of a table in order; empty if there is no such table.
    ///
    /// - Throws: `DatabaseError`.
    public func columns(of table: String) throws -> [ColumnDescription] {
        try all(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(\(table)) ORDER BY cid"
        ) { row in
            let keyPosition = try row.get(4, as: Int.self)
            return ColumnDescription(
                name: try row.text(0), declaredType: try row.text(1), isNotNull: try row.get(2),
                defaultSQL: try row.get(3), primaryKeyPosition: keyPosition > 0 ? keyPosition : nil,
                isGenerated: try row.get(5, as: Int.self) >= 2)
        }
    }

    /// The indexes of a table by name; empty if there is no such table.
    ///
    /// - Throws: `DatabaseError`.
    public func indexes(of table: String) throws -> [IndexDescription] {
        try all(
            "SELECT name, \"unique\", partial, origin FROM pragma_index_list(\(table)) ORDER BY name"
        ) { row in
            let name = try row.text(0)
            return IndexDescription(
                name: name,
                columns: try all("SELECT name FROM pragma_index_info(\(name)) ORDER BY seqno", as: String?.self),
                isUnique: try row.get(1), isPartial: try row.get(2), origin: try row.text(3))
        }
    }

    /// How many rows a table has. SQLite counts them: the cost grows with the table.
    ///
    /// - Throws: `DatabaseError` with `invalidSQL` if there is no such table.
    public func rowCount(of table: String) throws -> Int {
        try first("SELECT count(*) FROM \(identifier: table)", as: Int.self) ?? 0
    }

    /// The room that each table and index takes, the largest first. Reads every page of the file: use `scan`.
    ///
    /// - Throws: `DatabaseError` with `invalidSQL` if this SQLite was built without DBSTAT.
    public func storedSizes() throws -> [StoredSize] {
        try all(
            "SELECT name, pgsize, pageno, unused FROM dbstat WHERE aggregate = TRUE ORDER BY pgsize DESC, name"
        ) { row in
            StoredSize(
                name: try row.text(0), bytes: try row.get(1), pageCount: try row.get(2), unusedBytes: try row.get(3))
        }
    }
}
