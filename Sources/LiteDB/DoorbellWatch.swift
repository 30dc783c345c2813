extension DoorbellWatch {
    /// What a wait saw.
    struct Events {
        /// The watches whose doorbell was written.
        var rung: Set<Int32> = []
        /// The watches whose file is gone.
        var gone: Set<Int32> = []
        /// Whether nothing is watched, so that every database has to be looked at.
        var isPolled = false

        var isEmpty: Bool { rung.isEmpty && gone.isEmpty }
    }
}
