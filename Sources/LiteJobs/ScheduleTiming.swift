import Foundation  // for the time zones, which the essentials do not have

/// When a schedule comes: a cron expression in a time zone, or a steady interval.
struct ScheduleTiming: Sendable {
    enum Rule: Sendable {
        case cron(CronExpression)
        case every(milliseconds: Int64)
    }

    let rule: Rule
    /// Nil is UTC.
    private let zone: TimeZone?

    private static let nicknames = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// - Parameters:
    ///   - text: A cron expression, a nickname, or `@every` and a duration.
    ///   - zone: The zone's IANA name.
    /// - Throws: `JobError` with `invalidSchedule`.
    init(_ text: String, zone: String) throws {
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        if zone == "UTC" || zone == "GMT" {
            self.zone = nil
        } else {
            guard TimeZone.knownTimeZoneIdentifiers.contains(zone), let found = TimeZone(identifier: zone) else {
                throw JobError(
                    .invalidSchedule,
                    "Reading the schedule \"\(text)\": there is no time zone \"\(zone)\". Give an IANA name, such as "
                        + "Europe/Berlin, and see that the system has its time zones (tzdata)")
            }
            self.zone = found
        }
        do {
            rule = try Self.rule(trimmed.lowercased())
        } catch let error as CronError {
            throw JobError(.invalidSchedule, "Reading the schedule \"\(text)\": \(error.message)")
        }
    }

    private static func rule(_ text: String) throws -> Rule {
        if text.hasPrefix("@every") { return .every(milliseconds: try duration(text.dropFirst(6))) }
        if text.hasPrefix("@"), nicknames[text] == nil {
            throw CronError("it is none of \(nicknames.keys.sorted().joined(separator: ", ")), @every")
        }
        return .cron(try CronExpression(nicknames[text] ?? text))
    }

    /// Such as `90s`, `1h30m`, `2d`.
    private static func duration(_ text: some StringProtocol) throws -> Int64 {
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        var total: Int64 = 0
        var digits = ""
        for character in text where !character.isWhitespace {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let unit = units[character], let count = Int64(digits), count < 1_000_000 else {
                throw CronError("behind @every stands a duration such as 90s, 15m, 1h30m or 2d")
            }
            total += count * unit
            digits = ""
        }
        guard digits.isEmpty, total >= 1_000 else {
            throw CronError("behind @every stands a duration of at least a second, such as 90s, 15m, 1h30m or 2d")
        }
        return total
    }

    /// The first time after `time`, in milliseconds since 1970; nil if there is none.
    ///
    /// - Parameter anchor: From when an interval is counted.
    func next(after time: Int64, anchor: Int64) -> Int64? {
        switch rule {
        case .every(let interval):
            let passed = max(time - anchor, 0)
            return anchor + (passed / interval + 1) * interval
        case .cron(let expression):
            let zone = zone
            let timetable = CronTimetable(expression: expression) { seconds in
                zone?.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))) ?? 0
            }
            // Rounded down, and a time that is due at this very millisecond has come.
            let seconds = Int((Double(time) / 1000).rounded(.down))
            return timetable.next(after: seconds).map { Int64($0) * 1000 }
        }
    }
}
