import LiteCable
import LiteDB
import LiteJobs
import Logging

/// Does a ``StylePicture``: reads the upload, lets the studio work, and hangs the result.
struct StylePictureHandler: Sendable {
    let database: Database
    let cable: Cable
    let jobs: JobQueue
    let store: PictureStore
    let studio: Studio

    /// However often this runs, the picture is hung and told of once: both happen in the transaction that completes
    /// the job.
    func run(_ job: StylePicture, _ context: JobContext) async throws {
        let id = job.picture
        let source = try database.read { snapshot in
            (try store.picture(id, in: snapshot), try store.file(.upload, of: id, in: snapshot))
        }
        guard case (let picture?, let bytes?) = source else { return }  // deleted meanwhile
        do {
            try await context.report(progress: 0.1, "in the studio")
            let styled = try await studio.style(bytes, as: picture.style)
            try await context.report(progress: 0.9, "being hung")
            try await context.complete { [store, cable, jobs] transaction in
                try store.finish(id, with: styled, in: transaction)
                try cable.publish(PictureMessage(id: id, state: .ready), to: PictureMessage.channel, in: transaction)
                try jobs.enqueue(ForgetUpload(picture: id), delay: ForgetUpload.delay, in: transaction)
            }
        } catch StudioError.unusablePicture(let reason) {
            context.logger.info("A picture could not be styled", metadata: ["picture": "\(id)", "reason": "\(reason)"])
            try await context.complete { transaction in try fail(id, in: transaction) }
        } catch  where context.attempt == context.maximumAttemptCount && !(error is CancellationError) {
            try await database.write { transaction in try fail(id, in: transaction) }
            throw error
        }
    }

    private func fail(_ id: Int64, in transaction: borrowing Transaction) throws {
        try store.fail(id, in: transaction)
        try cable.publish(PictureMessage(id: id, state: .failed), to: PictureMessage.channel, in: transaction)
    }
}
