import LiteDB

extension Database.Configuration {
    /// The defaults with `.normal` durability.
    static var normal: Self {
        var configuration = Self()
        configuration.durability = .normal
        return configuration
    }

    /// For filling a file in one long transaction, which is no reason for a warning.
    static var filling: Self {
        var configuration = Self.normal
        configuration.slowWriteThreshold = .seconds(600)
        return configuration
    }
}
