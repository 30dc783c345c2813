package import Logging
import Synchronization

/// Keeps what is logged, at every level.
package final class RecordingLog: Sendable {
    package struct Entry: Sendable {
        package let level: Logger.Level
        package let message: String
        /// The logger's, and that of the event over it.
        package let metadata: Logger.Metadata
        /// The module that logged.
        package let source: String
    }

    private let kept = Mutex<[Entry]>([])

    package init() {}

    package var entries: [Entry] { kept.withLock { $0 } }

    /// A logger that writes here.
    package var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    /// How many messages contain the text.
    package func count(of text: String) -> Int { entries.count { $0.message.contains(text) } }

    private struct Handler: LogHandler {
        let log: RecordingLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let entry = Entry(
                level: event.level, message: "\(event.message)",
                metadata: metadata.merging(event.metadata ?? [:]) { $1 }, source: event.source)
            log.kept.withLock { $0.append(entry) }
        }
    }
}
