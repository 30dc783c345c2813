import LiteDB
import Testing

@testable import LiteJobs

@Suite struct WorkerTroubleTests {
    @Test func `trouble is told once, and its end once`() {
        let trouble = WorkerTrouble()
        #expect(!trouble.worked())
        #expect(trouble.failed(.diskFull).isNew)
        #expect(!trouble.failed(.diskFull).isNew)
        #expect(trouble.failed(.busy).isNew)
        #expect(trouble.worked())
        #expect(!trouble.worked())
        #expect(trouble.failed(.busy).isNew)
    }

    @Test func `there is one timer at a time, and the waits grow up to a second`() {
        let trouble = WorkerTrouble()
        var waits: [Duration] = []
        for _ in 0..<6 {
            waits.append(trouble.failed(.diskFull).wait ?? .zero)
            #expect(trouble.isWaiting)
            #expect(trouble.failed(.diskFull).wait == nil)
            trouble.retryIsDue()
            #expect(!trouble.isWaiting)
        }
        #expect(waits == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
        _ = trouble.worked()
        #expect(trouble.failed(.diskFull).wait == .milliseconds(100))
    }
}
