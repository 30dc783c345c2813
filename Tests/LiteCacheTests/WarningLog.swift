import Logging
import Synchronization

/// Counts the cache's own warnings, and those that tell of a damaged file. Others of LiteDB can come at any time on a busy
/// machine: that a write was slow, say.
final class WarningLog: Sendable {
    private let warnings = Atomic<Int>(0)

    var count: Int { warnings.load(ordering: .relaxed) }
    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: WarningLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            if event.source == "LiteCache" || "\(event.message)".contains("damaged") {
                log.warnings.add(1, ordering: .relaxed)
            }
        }
    }
}
