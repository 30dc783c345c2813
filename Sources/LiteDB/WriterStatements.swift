/// The writer's own transaction control, prepared once.
struct WriterStatements {
    let begin: Statement
    let commit: Statement
    let rollback: Statement
    let savepoint: Statement
    let release: Statement
    let rollbackTo: Statement

    init(on connection: Connection) throws {
        begin = try connection.prepareOwn("BEGIN IMMEDIATE")
        commit = try connection.prepareOwn("COMMIT")
        rollback = try connection.prepareOwn("ROLLBACK")
        savepoint = try connection.prepareOwn("SAVEPOINT lite_write")
        release = try connection.prepareOwn("RELEASE lite_write")
        rollbackTo = try connection.prepareOwn("ROLLBACK TO lite_write")
    }
}
