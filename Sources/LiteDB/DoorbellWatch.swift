extension DoorbellWatch {
    /// What a wait saw.
    struct Events {
        /// The watches whose doorbell was written.
        var rung: Set<Int32> = []
        /// The watches whose doorbell somebody closed: a process that had the database open has closed it, or has died.
        var left: Set<Int32> = []
        /// The watches whose file is gone.
        var gone: Set<Int32> = []
        /// Whether nothing is watched, so that every database has to be looked at.
        var isPolled = false

        var isEmpty: Bool { rung.isEmpty && left.isEmpty && gone.isEmpty }
    }
}
