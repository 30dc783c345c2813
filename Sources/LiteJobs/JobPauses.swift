#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a pause holds back. Jobs that run go on.
public enum PauseScope: Sendable, Hashable {
    /// Every job.
    case all
    /// The jobs of a queue.
    case queue(String)
    /// The jobs of a kind, by the name that they were stored under: an alias is a kind of its own here.
    case kind(String)
    /// The jobs with a tag.
    case tag(String)

    var columns: (scope: String, name: String) {
        switch self {
        case .all: ("all", "")
        case .queue(let name): ("queue", name)
        case .kind(let name): ("kind", name)
        case .tag(let name): ("tag", name)
        }
    }

    init?(scope: String, name: String) {
        switch scope {
        case "all": self = .all
        case "queue": self = .queue(name)
        case "kind": self = .kind(name)
        case "tag": self = .tag(name)
        default: return nil
        }
    }
}

/// What is paused, as a claim needs it.
struct JobPauses: Sendable {
    var isAll = false
    var queues: Set<String> = []
    var kinds: Set<String> = []
    var tags: Set<String> = []

    init(_ scopes: [PauseScope]) {
        for scope in scopes {
            switch scope {
            case .all: isAll = true
            case .queue(let name): queues.insert(name)
            case .kind(let name): kinds.insert(name)
            case .tag(let name): tags.insert(name)
            }
        }
    }

    /// Why a job must wait.
    func reason(for job: ClaimedJob) -> JobRecord.Reason? {
        if kinds.contains(job.kind) { return .pausedKind }
        guard !tags.isEmpty, let own = JobStore.tags(job.tags) else { return nil }
        return own.contains(where: tags.contains) ? .pausedTag : nil
    }
}
