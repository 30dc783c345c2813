import Foundation
import LiteStack
import Logging
import ServiceLifecycle
import UnixSignals

/// Two releases of one program, side by side on a file: each works until it gets SIGTERM.
///
/// What a job does is one row in `done`, with the release that did it and how the release understood the payload.
enum DeployCommands {
    /// The release before: letters, and notes of version 1.
    static func workAsOld(on path: String) async throws {
        try await work(on: path) { handlers, done in
            handlers.handle(OldLetter.self) { job, context in try await done(context, "old", job.to) }
            handlers.handle(OldNote.self) { job, context in try await done(context, "old", job.text) }
        }
    }

    /// The release after: letters are mail with many recipients, notes have lines, and there are pictures.
    static func workAsNew(on path: String) async throws {
        try await work(on: path) { handlers, done in
            handlers.handle(Mail.self) { job, context in
                try await done(context, "new", job.recipients.joined(separator: "+"))
            }
            handlers.handle(NewNote.self) { job, context in
                try await done(context, "new", job.lines.joined(separator: "+"))
            }
            handlers.handle(Picture.self) { job, context in try await done(context, "new", job.name) }
        }
    }

    private typealias Done = @Sendable (JobContext, String, String) async throws -> Void

    private static func work(
        on path: String, _ register: (inout JobHandlers, @escaping Done) -> Void
    ) async throws {
        let database = try await Database.open(at: path)
        var configuration = JobQueue.Configuration()
        // Some are interrupted then, which must cost no attempt either.
        configuration.shutdownGrace = .milliseconds(100)
        let jobs = try await JobQueue(database, configuration: configuration)
        let worker = jobs.worker(concurrency: 16) { handlers in
            handlers.handle(Vigil.self) { _, context in
                while try await !isGateOpen(database) { try await Task.sleep(for: .milliseconds(20)) }
                try await context.complete { transaction in
                    try transaction.execute("INSERT INTO done VALUES (\(context.id.rawValue), 'any', 'vigil')")
                }
            }
            register(&handlers) { context, release, text in
                try await Task.sleep(for: .milliseconds(10))
                try await context.complete { transaction in
                    try transaction.execute("INSERT INTO done VALUES (\(context.id.rawValue), \(release), \(text))")
                }
            }
        }
        FileHandle.standardOutput.write(Data("ready\n".utf8))
        try await ServiceGroup(
            services: [worker], gracefulShutdownSignals: [.sigterm], logger: Logger(label: "deploy")
        ).run()
        await database.close()
    }

    private static func isGateOpen(_ database: Database) async throws -> Bool {
        try database.read { snapshot in try snapshot.first("SELECT count(*) FROM gate", as: Int.self) ?? 0 } > 0
    }

    private struct Vigil: Job {
        static let kind = "vigil"
    }

    private struct OldLetter: Job {
        static let kind = "letter"
        var to: String
    }

    private struct OldNote: Job {
        static let kind = "note"
        var text: String
    }

    private struct Mail: Job {
        static let kind = "mail"
        static let aliases = ["letter"]
        static let version = 2
        var recipients: [String]

        static func migrate(from version: Int, _ payload: Data) throws -> Mail {
            Mail(recipients: [try JSONDecoder().decode(OldLetter.self, from: payload).to])
        }
    }

    private struct NewNote: Job {
        static let kind = "note"
        static let version = 2
        var lines: [String]

        static func migrate(from version: Int, _ payload: Data) throws -> NewNote {
            NewNote(lines: [try JSONDecoder().decode(OldNote.self, from: payload).text])
        }
    }

    private struct Picture: Job {
        static let kind = "picture"
        var name: String
    }
}
