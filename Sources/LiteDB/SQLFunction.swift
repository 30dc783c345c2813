/// A function of your own that SQL can call.
///
/// ```swift
/// configuration.functions = [
///     SQLFunction("reversed", argumentCount: 1) { arguments in .text(String(try String(sqlValue: arguments[0]).reversed())) }
/// ]
/// ```
///
/// It is called on whichever thread runs the statement. A function used in an index or a generated column must be
/// deterministic, and must be there in every process that writes the table.
public struct SQLFunction: Sendable {
    /// Its name in SQL.
    public var name: String
    /// How many arguments it takes; nil for any number.
    public var argumentCount: Int?
    /// Whether equal arguments always give an equal result, so that SQLite may call it once for many rows.
    public var isDeterministic: Bool
    /// What it computes. A thrown error fails the statement with `invalidSQL` and the error's description.
    public var body: @Sendable ([SQLValue]) throws -> SQLValue

    /// Creates a function.
    public init(
        _ name: String,
        argumentCount: Int? = nil,
        isDeterministic: Bool = true,
        body: @escaping @Sendable ([SQLValue]) throws -> SQLValue
    ) {
        self.name = name
        self.argumentCount = argumentCount
        self.isDeterministic = isDeterministic
        self.body = body
    }
}
