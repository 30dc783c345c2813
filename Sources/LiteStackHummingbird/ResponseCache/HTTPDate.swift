#if Hummingbird
/// A time as HTTP writes it now: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). The two obsolete forms count as none.
enum HTTPDate {
    private static let months = [
        "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11,
        "Dec": 12,
    ]

    /// Seconds since 1970.
    static func seconds(_ text: some StringProtocol) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT" else { return nil }
        let time = parts[4].split(separator: ":")
        guard time.count == 3, let day = number(parts[1]), let month = months[String(parts[2])],
            let year = number(parts[3]), let hour = number(time[0]), let minute = number(time[1]),
            let second = number(time[2]), (1...31).contains(day), (1...9999).contains(year), hour < 24, minute < 60,
            second < 61
        else { return nil }
        return days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    private static func number(_ text: some StringProtocol) -> Int64? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int64(text)
    }

    /// Days since 1970-01-01, with years that begin in March, so that the leap day is the last
    /// (https://howardhinnant.github.io/date_algorithms.html).
    private static func days(_ year: Int64, _ month: Int, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, month) = (year / 400, Int64((month + 9) % 12))
        let (yearOfEra, dayOfYear) = (year - era * 400, (153 * month + 2) / 5 + day - 1)
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
#endif
