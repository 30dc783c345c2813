import Testing

@testable import LiteJobs

@Suite struct WorkerPaceTests {
    private let second = Duration.seconds(1)

    @Test func `an idle worker has one slow timer, however often it was busy in between`() throws {
        let pace = WorkerPace()
        pace.isBusy = false
        let slow = try #require(pace.newHousekeeping(second, isDue: true))
        #expect(slow.duration == .seconds(30))
        for _ in 0..<10 {
            pace.isBusy = true
            let quick = try #require(pace.newHousekeeping(second, isDue: false))
            #expect(quick.duration == second)
            // One that runs is enough.
            #expect(pace.newHousekeeping(second, isDue: false) == nil)
            pace.isBusy = false
            #expect(pace.housekeepingFired(quick.number))
            // The slow one sleeps still, and counts again.
            #expect(pace.newHousekeeping(second, isDue: true) == nil)
        }
        #expect(pace.housekeepingFired(slow.number))
        let next = try #require(pace.newHousekeeping(second, isDue: true))
        #expect(next.number != slow.number && next.duration == .seconds(30))
    }

    @Test func `a slow timer that was overtaken says nothing`() throws {
        let pace = WorkerPace()
        pace.isBusy = false
        let slow = try #require(pace.newHousekeeping(second, isDue: true))
        pace.isBusy = true
        let quick = try #require(pace.newHousekeeping(second, isDue: false))
        #expect(!pace.housekeepingFired(slow.number))
        #expect(pace.housekeepingFired(quick.number))
        pace.isBusy = false
        #expect(pace.newHousekeeping(second, isDue: true) != nil)
    }
}
