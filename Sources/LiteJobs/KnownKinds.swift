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

    /// Why a job is put aside; nil if it can be run.
    func reason(for job: ClaimedJob) -> JobRecord.Reason? {
        guard let version = versions[job.kind] else { return .unknownKind }
        return job.version <= version ? nil : .newerVersion
    }

    /// The kinds but these.
    func without(_ kinds: Set<String>) -> KnownKinds {
        kinds.isEmpty ? self : KnownKinds(versions.filter { !kinds.contains($0.key) })
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
