import LiteDB

extension Error {
    /// Whether nothing was written and a later try may succeed.
    var isTransient: Bool {
        guard let error = self as? DatabaseError else { return false }
        return error.code == .busy || error.code == .groupRolledBack || error.code == .diskFull
    }
}
