/// The times of a cron expression in a time zone.
///
/// Rules where clocks are changed: an expression with fixed minutes and hours that names a time which is skipped comes at
/// the first valid moment after it, and one that names a time which comes twice comes the first time. One whose minute
/// or hour begins with `*` follows the time that passes: nothing of it is made up for, and nothing left out.
struct CronTimetable: Sendable {
    /// Further ahead than any expression reaches: a leap day can be eight years away.
    private static let horizonSeconds = 9 * 366 * 86_400

    let expression: CronExpression
    /// How far the zone is ahead of UTC, in seconds, at a time in seconds since 1970.
    let offset: @Sendable (_ seconds: Int) -> Int

    /// The first time after `seconds`; nil if there is none.
    func next(after seconds: Int) -> Int? {
        let horizon = seconds + Self.horizonSeconds
        // The start of the next minute on the zone's own clock: offsets of old times are not whole minutes.
        let own = offset(seconds)
        var time = Self.floor(seconds + own, 60) + 60 - own
        while time <= horizon {
            let offset = offset(time)
            guard let local = nextLocal(from: time + offset, until: horizon + offset) else { return nil }
            let candidate = local - offset
            // Without a change of the clocks between here and there, that is it.
            guard let change = firstChange(after: time, upTo: candidate) else {
                if isSecondOccurrence(candidate) {
                    time = candidate + 60
                    continue
                }
                return candidate
            }
            let after = self.offset(change)
            let (last, first) = (change + offset, change + after)
            if first > last, local >= last, local < first, !expression.followsElapsedTime { return change }
            if local < last { return candidate }
            time = change
        }
        return nil
    }

    /// Whether the same local time came before, because the clocks were put back.
    private func isSecondOccurrence(_ time: Int) -> Bool {
        guard !expression.followsElapsedTime else { return false }
        let now = offset(time)
        let before = offset(time - 3 * 3_600)
        guard before > now else { return false }
        return offset(time - (before - now)) == before
    }

    /// The moment of the first change of the offset after `start`, not after `end`.
    private func firstChange(after start: Int, upTo end: Int) -> Int? {
        let own = offset(start)
        var low = start
        // Zones change a few times a year; two changes within a week that cancel out do not happen.
        var high = min(low + 7 * 86_400, end)
        while offset(high) == own {
            guard high < end else { return nil }
            low = high
            high = min(low + 7 * 86_400, end)
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(middle) == own { low = middle } else { high = middle }
        }
        return high
    }

    /// The first local time from `start` on that the expression names, in seconds.
    private func nextLocal(from start: Int, until end: Int) -> Int? {
        var day = CivilDay(number: Self.floor(start, 86_400) / 86_400)
        var earliest = (start - day.number * 86_400 + 59) / 60
        while day.number * 86_400 <= end {
            if expression.months & (1 << day.month) == 0 {
                day = day.nextMonth
                earliest = 0
                continue
            }
            if expression.includes(day), let minute = nextMinute(from: earliest) {
                return day.number * 86_400 + minute * 60
            }
            day = CivilDay(number: day.number + 1)
            earliest = 0
        }
        return nil
    }

    /// The first minute of a day from `earliest` on.
    private func nextMinute(from earliest: Int) -> Int? {
        var hour = earliest / 60
        var minute = earliest % 60
        while hour < 24 {
            if expression.hours & (1 << hour) != 0 {
                while minute < 60 {
                    if expression.minutes & (1 << minute) != 0 { return hour * 60 + minute }
                    minute += 1
                }
            }
            hour += 1
            minute = 0
        }
        return nil
    }

    private static func floor(_ value: Int, _ unit: Int) -> Int {
        value - ((value % unit) + unit) % unit
    }
}
