import LiteJobs

/// The nightly job that takes pictures away that could not be styled, a month after they came.
struct CleanUpPictures: Job {
    static let kind = "clean-up-pictures"
    static let schedule = JobSchedule("clean-up-pictures", "30 3 * * *", CleanUpPictures())
    static let retention = Duration.seconds(30 * 24 * 60 * 60)
}
