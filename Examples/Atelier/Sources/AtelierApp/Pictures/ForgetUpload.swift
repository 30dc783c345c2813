import LiteJobs

/// The job that removes what was uploaded, some time after the picture made of it hangs.
struct ForgetUpload: Job {
    static let kind = "forget-upload"
    static let delay = Duration.seconds(600)

    let picture: Int64
}
