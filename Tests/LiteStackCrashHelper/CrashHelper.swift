import Foundation
import LiteStack

/// The other process of the tests of jobs and messages: it works, publishes and listens until it is killed.
///
/// Each command prints what it does, a line for each step.
@main
enum CrashHelper {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.count) {
        case ("work", 2): try await work(on: arguments[1])
        case ("work-once-told", 2): try await work(on: arguments[1], isTold: false)
        case ("work-old", 2): try await DeployCommands.workAsOld(on: arguments[1])
        case ("work-new", 2): try await DeployCommands.workAsNew(on: arguments[1])
        case ("enqueue-unique", 3): try await enqueueUnique(arguments[2], on: arguments[1])
        case ("publish", 4): try await publish(arguments[3], to: arguments[2], in: arguments[1])
        case ("subscribe", 3): try await subscribe(to: arguments[2], in: arguments[1])
        case ("join", 4): try await join(arguments[2], as: arguments[3], in: arguments[1])
        case ("publish-on", 4): try await publishOn(to: arguments[2], from: arguments[3], in: arguments[1])
        case ("consume", 4): try await consume(arguments[2], as: arguments[3], in: arguments[1])
        case ("publish-as", 4): try await CableCommands.publish(to: arguments[2], as: arguments[3], in: arguments[1])
        case ("follow", 4): try await CableCommands.follow(arguments[2], from: arguments[3], in: arguments[1])
        case ("disconnect", 3): try await CableCommands.disconnect(arguments[2], in: arguments[1])
        default:
            FileHandle.standardError.write(
                Data(
                    "commands: work PATH, publish PATH CHANNEL TEXT, subscribe PATH CHANNEL, join PATH CHANNEL MEMBER\n"
                        .utf8))
            exit(64)
        }
    }

    /// Runs jobs of the kind `note`, none of which ends. Not told yet, it begins when there is a file `go` beside the other.
    private static func work(on path: String, isTold: Bool = true) async throws {
        let jobs = try await JobQueue.open(at: path)
        say("open")
        if !isTold { try await waitUntilTold(on: path) }
        let worker = jobs.worker { handlers in
            handlers.handle(Note.self) { _, context in
                say("attempt \(context.attempt)")
                try await Task.sleep(for: .seconds(600))
            }
        }
        try await worker.run()
    }

    /// Waits for a file `go` beside the other.
    private static func waitUntilTold(on path: String) async throws {
        let go = URL(filePath: path).deletingLastPathComponent().appending(path: "go").path
        while !FileManager.default.fileExists(atPath: go) {
            try await Task.sleep(for: .milliseconds(1))  // a file wakes nobody
        }
    }

    /// Enqueues so many jobs 32 times each, by 32 tasks at once, and says how often one was stored.
    private static func enqueueUnique(_ count: String, on path: String) async throws {
        let jobs = try await JobQueue.open(at: path)
        say("open")
        try await waitUntilTold(on: path)
        var storedCount = 0
        for number in 0..<(Int(count) ?? 0) {
            let handles = try await withThrowingTaskGroup(of: JobHandle<Note>.self) { group in
                for _ in 0..<32 {
                    group.addTask { try await jobs.enqueue(Note(text: "\(number)"), unique: .arguments()) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            guard Set(handles.map(\.id)).count == 1 else { return say("more than one of \(number)") }
            storedCount += handles.count { !$0.isDuplicate }
        }
        say("stored \(storedCount)")
        await jobs.close()
    }

    private static func publish(_ text: String, to channel: String, in path: String) async throws {
        let cable = try await Cable.open(at: path)
        let cursor = try await cable.publish(bytes: Array(text.utf8), to: channel)
        say("published \(cursor)")
        await cable.close()
    }

    private static func subscribe(to channel: String, in path: String) async throws {
        let cable = try await Cable.open(at: path)
        let subscription = try await cable.subscribe(to: [channel])
        say("subscribed")
        for try await event in subscription {
            if case .message(let message) = event { say("received \(message.text ?? "bytes")") }
        }
    }

    private static func join(_ channel: String, as member: String, in path: String) async throws {
        var configuration = Cable.Configuration()
        configuration.presenceTimeout = .seconds(4)
        let cable = try await Cable.open(at: path, configuration: configuration)
        try await cable.presence.join(channel, as: member, connection: Cable.ConnectionID())
        say("joined")
        try await Task.sleep(for: .seconds(600))
        await cable.close()
    }

    /// Publishes one number after the other, and says which are acknowledged.
    private static func publishOn(to channel: String, from first: String, in path: String) async throws {
        let cable = try await Cable.open(at: path)
        var number = Int(first) ?? 0
        while true {
            try await cable.publish(number, to: channel)
            say("acknowledged \(number)")
            number += 1
        }
    }

    /// Consumes under a name, and keeps what it received in a table, with its place, in one transaction.
    private static func consume(_ channel: String, as name: String, in path: String) async throws {
        let database = try await Database.open(at: path)
        try await database.execute("CREATE TABLE IF NOT EXISTS consumed (number INTEGER NOT NULL) STRICT")
        let cable = try await Cable(database)
        for try await event in try await cable.subscribe(consumer: name, to: [channel]) {
            guard case .message(let message) = event else { continue }
            let number: Int = try message.decode()
            try await database.write { transaction in
                try transaction.execute("INSERT INTO consumed VALUES (\(number))")
                try cable.save(message.cursor, consumer: name, in: transaction)
            }
            say("consumed \(number)")
        }
    }

    /// Prints a line at once, although the output is a pipe.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    /// The job of LiteJobs' tests.
    private struct Note: Job {
        static let kind = "note"
        var text: String
    }
}
