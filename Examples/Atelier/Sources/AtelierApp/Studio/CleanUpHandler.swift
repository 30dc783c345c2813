import LiteDB
import LiteJobs

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Does a ``ForgetUpload`` and a ``CleanUpPictures``.
struct CleanUpHandler: Sendable {
    let database: Database
    let store: PictureStore

    func run(_ job: ForgetUpload, _ context: JobContext) async throws {
        try await context.complete { [store] transaction in
            try store.removeUpload(of: job.picture, in: transaction)
        }
    }

    /// Some pictures at a time, so that no write is long.
    func run(_ job: CleanUpPictures, _ context: JobContext) async throws {
        let night = context.scheduledFor ?? context.enqueuedAt
        let oldest = night.addingTimeInterval(-(CleanUpPictures.retention / .seconds(1)))
        var count = 0
        while !context.isShuttingDown {
            let removed = try await database.write { [store] transaction in
                try store.removeFailed(before: oldest, in: transaction)
            }
            count += removed
            try await context.report(progress: nil, "\(count) pictures taken away")
            if removed == 0 { return }
        }
        // The rest waits for the next worker.
        throw Snooze(for: .seconds(1))
    }
}
