import CLiteStackSQLite

/// Numbers of threads, for data that each keeps a part of: threads that follow one another have numbers that do.
package enum ThreadNumber {
    /// That of the calling thread. A nanosecond.
    package static var current: Int { Int(litestack_thread_number()) }
}
