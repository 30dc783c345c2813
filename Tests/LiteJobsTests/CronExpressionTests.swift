import Foundation
import Testing

@testable import LiteJobs

@Suite struct CronExpressionTests {
    /// The times that follow `start`, as ISO text in UTC.
    private func times(_ timing: String, zone: String = "UTC", after start: String, count: Int = 1) throws -> [String] {
        let timing = try ScheduleTiming(timing, zone: zone)
        let formatter = ISO8601DateFormatter()
        var time = Int64(try #require(formatter.date(from: start)).timeIntervalSince1970 * 1000)
        var found: [String] = []
        for _ in 0..<count {
            guard let next = timing.next(after: time, anchor: 0) else { break }
            time = next
            found.append(formatter.string(from: Date(timeIntervalSince1970: Double(next) / 1000)))
        }
        return found
    }

    @Test(arguments: [
        ("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
        ("* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z"),
        ("30 4 * * *", "2026-01-01T04:30:00Z", "2026-01-02T04:30:00Z"),
        ("30 4 * * *", "2026-01-01T04:29:59Z", "2026-01-01T04:30:00Z"),
        ("*/15 * * * *", "2026-01-01T00:46:00Z", "2026-01-01T01:00:00Z"),
        ("10-40/10 9 * * *", "2026-01-01T09:20:00Z", "2026-01-01T09:30:00Z"),
        ("5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00Z"),
        ("0 0 1,15 * *", "2026-01-02T00:00:00Z", "2026-01-15T00:00:00Z"),
        ("0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 12 * * mon-fri", "2026-01-02T12:00:00Z", "2026-01-05T12:00:00Z"),
        ("0 12 * JAN Sun", "2026-01-05T00:00:00Z", "2026-01-11T12:00:00Z"),
        ("0 12 * * 7", "2026-01-05T00:00:00Z", "2026-01-11T12:00:00Z"),
        ("0 12 * * 5-7", "2026-01-10T13:00:00Z", "2026-01-11T12:00:00Z"),
        // Both days are restricted: either fits (crontab(5)).
        ("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("0 0 13 * 5", "2026-01-10T00:00:00Z", "2026-01-13T00:00:00Z"),
        // One begins with a star: both have to fit.
        ("0 0 */2 * 5", "2026-01-01T00:00:00Z", "2026-01-09T00:00:00Z"),
        ("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"),
        ("@yearly", "2026-05-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("@monthly", "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"),
        ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("@daily", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("@hourly", "2026-01-01T00:30:00Z", "2026-01-01T01:00:00Z"),
        ("@every 90s", "1970-01-01T00:01:00Z", "1970-01-01T00:01:30Z"),
        ("@every 1h30m", "1970-01-01T01:30:00Z", "1970-01-01T03:00:00Z"),
    ])
    func `an expression comes when crontab says`(timing: String, start: String, next: String) throws {
        #expect(try times(timing, after: start) == [next])
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
        "*/0 * * * *", "5-1 * * * *", "a * * * *", "1,,2 * * * *", "1- * * * *", "-1 * * * *", "1/2/3 * * * *",
        "@never", "@every", "@every 10", "@every 0s", "@every 5x", "* * * foo *", "٣ * * * *",
    ])
    func `an expression that is not understood is refused`(timing: String) {
        #expect { try ScheduleTiming(timing, zone: "UTC") } throws: { ($0 as? JobError)?.code == .invalidSchedule }
    }

    @Test func `an expression that never comes has no time`() throws {
        #expect(try times("0 0 30 2 *", after: "2026-01-01T00:00:00Z") == [])
        #expect(try times("0 0 31 4,6,9,11 *", after: "2026-01-01T00:00:00Z") == [])
    }

    @Test func `an unknown time zone is refused`() {
        for zone in ["Europe/Atlantis", "", "CET/../UTC"] {
            #expect { try ScheduleTiming("@daily", zone: zone) } throws: {
                ($0 as? JobError)?.code == .invalidSchedule
            }
        }
    }

    @Test func `a skipped time comes at the first valid moment`() throws {
        // Berlin went from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC.
        #expect(
            try times("30 2 * * *", zone: "Europe/Berlin", after: "2026-03-28T02:00:00Z", count: 2)
                == ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"])
        #expect(
            try times("0,30 2 * * *", zone: "Europe/Berlin", after: "2026-03-29T00:00:00Z", count: 2)
                == ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"])
        #expect(
            try times("0 3 * * *", zone: "Europe/Berlin", after: "2026-03-28T12:00:00Z", count: 2)
                == ["2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"])
    }

    @Test func `a time that comes twice is taken the first time`() throws {
        // New York went from 02:00 back to 01:00 on 1 November 2026, at 06:00 UTC.
        #expect(
            try times("30 1 * * *", zone: "America/New_York", after: "2026-11-01T00:00:00Z", count: 2)
                == ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"])
        // Asked in the second hour, too.
        #expect(
            try times("30 1 * * *", zone: "America/New_York", after: "2026-11-01T06:10:00Z")
                == ["2026-11-02T06:30:00Z"])
        #expect(
            try times("0 2 * * *", zone: "America/New_York", after: "2026-11-01T00:00:00Z", count: 2)
                == ["2026-11-01T07:00:00Z", "2026-11-02T07:00:00Z"])
    }

    /// The clocks of each zone go forward and back: a time in the gap, the hour before it, a time that comes twice.
    @Test(arguments: [
        // Forward on 8 March at 07:00 UTC, from 02:00 to 03:00; Berlin's way back is on 25 October at 01:00 UTC.
        ("30 2 * * *", "America/New_York", "2026-03-07T08:00:00Z", ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("0 3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"]),
        // South of the equator: forward on 4 October at 16:00 UTC on the 3rd, back on 5 April at 16:00 UTC on the 4th.
        ("30 2 * * *", "Australia/Sydney", "2026-10-03T00:00:00Z", ["2026-10-03T16:00:00Z", "2026-10-04T15:30:00Z"]),
        ("30 2 * * *", "Australia/Sydney", "2026-04-04T00:00:00Z", ["2026-04-04T15:30:00Z", "2026-04-05T16:30:00Z"]),
        // At midnight, so that the day begins at one: Santiago, on 6 September at 04:00 UTC.
        ("0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", ["2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"]),
        ("@daily", "America/Santiago", "2026-04-04T12:00:00Z", ["2026-04-05T04:00:00Z", "2026-04-06T04:00:00Z"]),
    ])
    func `clocks that go forward and back skip no day and bring none twice`(
        timing: String, zone: String, start: String, next: [String]
    ) throws {
        #expect(try times(timing, zone: zone, after: start, count: 2) == next)
    }

    @Test func `an expression with stars follows the time that passes`() throws {
        #expect(
            try times("*/30 * * * *", zone: "America/New_York", after: "2026-11-01T04:50:00Z", count: 6)
                == [
                    "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z",
                    "2026-11-01T07:00:00Z", "2026-11-01T07:30:00Z",
                ])
        #expect(
            try times("0 * * * *", zone: "Europe/Berlin", after: "2026-03-28T23:30:00Z", count: 3)
                == ["2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"])
    }

    @Test func `half an hour is a change of the clocks too`() throws {
        // Lord Howe Island goes back by half an hour on 5 April 2026, at 15:00 UTC on the 4th, from 02:00 to 01:30.
        #expect(
            try times("45 1 * * *", zone: "Australia/Lord_Howe", after: "2026-04-04T00:00:00Z", count: 2)
                == ["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"])
        // And forward from 02:00 to 02:30 on 4 October, at 15:30 UTC on the 3rd.
        #expect(
            try times("15 2 * * *", zone: "Australia/Lord_Howe", after: "2026-10-03T00:00:00Z", count: 2)
                == ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"])
    }

    @Test func `a year of days in a zone is a year of days`() throws {
        let found = try times("30 2 * * *", zone: "Europe/Berlin", after: "2026-01-01T00:00:00Z", count: 365)
        #expect(Set(found).count == 365)
        #expect(found.last == "2026-12-31T01:30:00Z")
    }
}
