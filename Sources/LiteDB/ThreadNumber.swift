import CLiteStackSQLite

/// Numbers of threads, for data that each keeps a part of: threads that follow one another have numbers that do.
package enum ThreadNumber {
    /// That of the calling thread. A nanosecond.
    package static var current: Int { Int(litestack_thread_number()) }

    /// The calling thread met another in the part that its number led it to: it gets the next number, if they meet often
    /// enough for their number of meetings to be a power of two.
    package static func metAnother() { litestack_thread_met_another() }
}
