import CBenchSQLite

/// A point in time, in nanoseconds.
struct Moment: Sendable {
    let nanoseconds: UInt64

    static var now: Moment { Moment(nanoseconds: bench_now()) }

    var elapsed: UInt64 { bench_now() - nanoseconds }
}
