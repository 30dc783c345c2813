import LiteDB

extension Number {
    var stored: StoredValue {
        switch self {
        case .integer(let integer): StoredValue(.integer(integer))
        case .real(let real): StoredValue(.real(real))
        }
    }

    /// The sum of a stored number and another. An integer and a real make a real; an integer never wraps.
    static func sum(of stored: StoredValue, and amount: Number, key: String) -> Result<Number, CacheError> {
        let number: Number
        switch stored.content {
        case .integer(let integer): number = .integer(integer)
        case .real(let real): number = .real(real)
        default:
            return .failure(
                CacheError(
                    .undecodable,
                    "Counting with the entry \(key): it holds no number, and was left as it is. Use another key, or "
                        + "delete it"))
        }
        switch (number, amount) {
        case (.integer(let left), .integer(let right)):
            let (sum, overflow) = left.addingReportingOverflow(right)
            guard !overflow else { return .failure(overflowed(key)) }
            return .success(.integer(sum))
        case (.integer(let left), .real(let right)): return finite(Double(left) + right, key)
        case (.real(let left), .integer(let right)):
            let sum = left + Double(right)
            guard Int64(exactly: sum) != nil else {
                return .failure(
                    CacheError(
                        .undecodable,
                        "Counting with the entry \(key): it holds a Double, and the sum is no whole number of 64 bits. It "
                            + "was left as it is; count with Doubles"))
            }
            return .success(.real(sum))
        case (.real(let left), .real(let right)): return finite(left + right, key)
        }
    }

    private static func finite(_ sum: Double, _ key: String) -> Result<Number, CacheError> {
        sum.isFinite ? .success(.real(sum)) : .failure(overflowed(key))
    }

    private static func overflowed(_ key: String) -> CacheError {
        CacheError(
            .overflow, "Counting with the entry \(key): the sum does not fit its type. The entry was left as it is")
    }
}
