/// The kinds of jobs that a worker has handlers for, each with the newest version that it can decode.
struct KnownKinds: Sendable {
    private let versions: [String: Int]
    /// The same as a JSON object, to be bound to a statement.
    let json: String

    init(_ versions: [String: Int]) {
        self.versions = versions
        let members = versions.sorted { $0.key < $1.key }.map { kind, version in
            "\(Self.quoted(kind)):\(version)"
        }
        json = "{\(members.joined(separator: ","))}"
    }

    func includes(_ job: ClaimedJob) -> Bool {
        versions[job.kind].map { job.version <= $0 } ?? false
    }

    /// Why a job is put aside.
    func reason(for job: ClaimedJob) -> String {
        versions[job.kind] == nil ? "unknownKind" : "newerVersion"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
