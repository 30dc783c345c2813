import CBenchSQLite

/// Repeats something for a while.
enum Stopwatch {
    /// Nanoseconds for each call of `operation`, repeated for about `duration`.
    @inline(__always)
    static func time(for duration: Duration, batch: Int = 64, _ operation: () throws -> Void) rethrows -> Double {
        let start = bench_now()
        let end = start + duration.nanoseconds
        var count = 0
        var now = start
        while now < end {
            for _ in 0..<batch { try operation() }
            count += batch
            now = bench_now()
        }
        return Double(now - start) / Double(count)
    }
}

extension Duration {
    var nanoseconds: UInt64 {
        UInt64(components.seconds) * 1_000_000_000 + UInt64(components.attoseconds / 1_000_000_000)
    }

    var seconds: Double { Double(nanoseconds) / 1e9 }
}
