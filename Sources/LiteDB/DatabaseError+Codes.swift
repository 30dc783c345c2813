extension DatabaseError.Code {
    /// Another connection held what was needed for longer than the deadline. Nothing was written; try again.
    public static let busy = Self("busy")
    /// The disk or the quota is full. Nothing was written; the file is consistent and works again when there is room.
    public static let diskFull = Self("diskFull")
    /// The file's content is not what SQLite wrote. Nothing is overwritten; restore a backup.
    public static let damaged = Self("damaged")
    /// The database was closed.
    public static let closed = Self("closed")
    /// The file is not an SQLite database, or is encrypted.
    public static let notADatabase = Self("notADatabase")
    /// The path cannot be opened: a directory, no permission, a missing parent that cannot be made.
    public static let cannotOpen = Self("cannotOpen")
    /// The file or its folder is read-only, or a statement that writes ran in a read.
    public static let readOnly = Self("readOnly")
    /// The file system does not keep SQLite's locks and shared memory sound (NFS, SMB, 9p, FUSE).
    public static let unsupportedFileSystem = Self("unsupportedFileSystem")
    /// The file has more than one name, so that two processes would use two WAL files.
    public static let hardLinked = Self("hardLinked")
    /// A newer release wrote this file, and says that this one can no longer use it.
    public static let schemaTooNew = Self("schemaTooNew")
    /// A constraint of the schema refused the change.
    public static let constraint = Self("constraint")
    /// A write was started inside a write closure.
    public static let nestedWrite = Self("nestedWrite")
    /// A read of the same database was started inside a write closure, where the transaction itself can be read.
    public static let useTheTransaction = Self("useTheTransaction")
    /// Another write of the same group ended the whole transaction. Nothing of this one was written; it can be retried.
    public static let groupRolledBack = Self("groupRolledBack")
    /// A commit failed in I/O and could not be overwritten: after a crash it may or may not be there.
    public static let outcomeUnknown = Self("outcomeUnknown")
    /// The database took an I/O error at commit and takes no more writes until it is reopened.
    public static let failed = Self("failed")
    /// The file at the path is no longer the one that was opened.
    public static let replaced = Self("replaced")
    /// A snapshot or transaction was used after its closure had ended.
    public static let outsideClosure = Self("outsideClosure")
    /// A statement that LiteDB keeps for itself: transaction control, ATTACH, and PRAGMAs that change the mode.
    public static let refusedStatement = Self("refusedStatement")
    /// More than one statement, or none, in one string.
    public static let notOneStatement = Self("notOneStatement")
    /// The number of arguments is not the number of placeholders.
    public static let wrongArgumentCount = Self("wrongArgumentCount")
    /// A column does not hold what was asked for.
    public static let typeMismatch = Self("typeMismatch")
    /// There is no such column in the result.
    public static let noSuchColumn = Self("noSuchColumn")
    /// SQLite refused the statement: syntax, an unknown table, a wrong use.
    public static let invalidSQL = Self("invalidSQL")
    /// Reading or writing the file failed.
    public static let io = Self("io")
    /// A transaction or snapshot of another database was passed in.
    public static let wrongDatabase = Self("wrongDatabase")
    /// A migration failed, or one that was applied has been edited.
    public static let migration = Self("migration")
    /// An extension could not be loaded.
    public static let `extension` = Self("extension")
    /// A read was ended because its snapshot was older than the configured limit.
    public static let snapshotTooOld = Self("snapshotTooOld")
    /// Two copies of the SQLite library are loaded in this process.
    public static let twoSQLites = Self("twoSQLites")
    /// A result code without a code of its own; see ``DatabaseError/sqliteCode``.
    public static let other = Self("other")
}
