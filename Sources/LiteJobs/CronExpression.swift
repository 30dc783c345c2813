/// A cron expression: five fields, minute, hour, day of the month, month, day of the week.
///
/// A field is `*`, numbers, ranges (`1-5`), steps (`*/15`, `10-40/10`) and lists of them; months and days of the week
/// have names too (`jan`, `mon`), and Sunday is 0 and 7. If both the day of the month and that of the week are
/// restricted, a day that fits one of them fits, as in crontab(5).
struct CronExpression: Sendable, Hashable {
    /// Bit n stands for the value n.
    let minutes: UInt64
    let hours: UInt64
    let days: UInt64
    let months: UInt64
    let weekdays: UInt64
    /// Whether a day has to fit one of the two, not both.
    private let isEitherDay: Bool
    /// Whether it follows the time that passes instead of the clock on the wall: its minute or hour begins with `*`.
    let followsElapsedTime: Bool

    /// - Throws: `CronError`.
    init(_ text: String) throws {
        let fields = text.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
        guard fields.count == 5 else {
            throw CronError("it has \(fields.count) fields, and needs five: minute, hour, day, month, day of the week")
        }
        minutes = try Self.bits(fields[0], "minute", 0...59)
        hours = try Self.bits(fields[1], "hour", 0...23)
        days = try Self.bits(fields[2], "day of the month", 1...31)
        months = try Self.bits(fields[3], "month", 1...12, names: Self.monthNames, firstName: 1)
        let week = try Self.bits(fields[4], "day of the week", 0...7, names: Self.dayNames, firstName: 0)
        weekdays = (week | (week >> 7)) & 0x7f
        isEitherDay = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
        followsElapsedTime = fields[0].hasPrefix("*") || fields[1].hasPrefix("*")
    }

    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// Whether the day fits.
    func includes(_ day: CivilDay) -> Bool {
        guard months & (1 << day.month) != 0 else { return false }
        let fitsDay = days & (1 << day.day) != 0
        let fitsWeekday = weekdays & (1 << day.weekday) != 0
        return isEitherDay ? fitsDay || fitsWeekday : fitsDay && fitsWeekday
    }

    private static func bits(
        _ field: String, _ name: String, _ range: ClosedRange<Int>, names: [String] = [], firstName: Int = 0
    ) throws -> UInt64 {
        var bits: UInt64 = 0
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard halves.count <= 2, !halves[0].isEmpty else { throw CronError("the \(name) is not understood") }
            func value(_ text: some StringProtocol) throws -> Int {
                if let index = names.firstIndex(of: String(text)) { return index + firstName }
                guard text.allSatisfy(\.isASCII), text.allSatisfy(\.isNumber), let value = Int(text) else {
                    throw CronError("the \(name) is not understood")
                }
                guard range.contains(value) else {
                    throw CronError("the \(name) \(value) is not between \(range.lowerBound) and \(range.upperBound)")
                }
                return value
            }
            var step = 1
            if halves.count == 2 {
                guard let given = Int(halves[1]), given > 0, given <= range.upperBound else {
                    throw CronError("the step of the \(name) is not a number from 1 to \(range.upperBound)")
                }
                step = given
            }
            let chosen: ClosedRange<Int>
            if halves[0] == "*" {
                chosen = range
            } else {
                let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
                guard ends.count <= 2 else { throw CronError("the \(name) is not understood") }
                let first = try value(ends[0])
                // As in Vixie's cron, a step behind a single number counts up to the end.
                let last = ends.count == 2 ? try value(ends[1]) : halves.count == 2 ? range.upperBound : first
                guard first <= last else { throw CronError("the range of the \(name) goes backwards") }
                chosen = first...last
            }
            for value in stride(from: chosen.lowerBound, through: chosen.upperBound, by: step) { bits |= 1 << value }
        }
        return bits
    }
}

/// What is wrong with a cron expression.
struct CronError: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// A day of the Gregorian calendar, and its number since 1970-01-01.
///
/// The arithmetic is that of Howard Hinnant, "chrono-compatible low-level date algorithms".
struct CivilDay: Sendable, Hashable {
    let number: Int
    let year: Int
    let month: Int
    let day: Int
    /// 0 is Sunday.
    var weekday: Int { ((number + 4) % 7 + 7) % 7 }

    init(number: Int) {
        self.number = number
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let position = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * position + 2) / 5 + 1
        month = position < 10 ? position + 3 : position - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The first day of the month after this one's.
    var nextMonth: CivilDay {
        var next = CivilDay(number: number - day + 1 + 28)
        while next.month == month { next = CivilDay(number: next.number + 1) }
        return CivilDay(number: next.number - next.day + 1)
    }
}
