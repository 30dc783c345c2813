import Logging
import Synchronization

/// Keeps the messages that are logged.
final class LogLines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    func count(of text: String) -> Int { lines.withLock { $0.count { $0.contains(text) } } }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.message)") }
    }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
}
