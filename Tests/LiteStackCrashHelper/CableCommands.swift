import LiteStack

/// What the other process does with messages, beside what `CrashHelper` has.
enum CableCommands {
    /// A file that is named so is one for messages that matter only now.
    private static func open(_ path: String) async throws -> Cable {
        try await Cable.open(at: path, durability: path.hasSuffix("/ephemeral.sqlite3") ? .normal : .full)
    }

    /// Publishes one text after the other under a name, and says where each was acknowledged.
    static func publish(to channel: String, as name: String, in path: String) async throws {
        let cable = try await open(path)
        var number = 0
        while true {
            let text = "\(name).\(number)"
            let cursor = try await cable.publish(bytes: Array(text.utf8), to: channel)
            CrashHelper.say("acknowledged \(cursor) \(text)")
            number += 1
        }
    }

    /// Says what comes behind a cursor.
    static func follow(_ pattern: String, from cursor: String, in path: String) async throws {
        let cable = try await open(path)
        let start: Cable.Start = Cable.Cursor(cursor).map { .after($0) } ?? .live
        let subscription = try await cable.subscribe(to: pattern, from: start)
        CrashHelper.say("following")
        for try await event in subscription {
            switch event {
            case .message(let message): CrashHelper.say("received \(message.cursor) \(message.text ?? "")")
            case .gap(let gap): CrashHelper.say("gap \(gap.reason) \(gap.from) \(gap.to)")
            }
        }
    }

    static func disconnect(_ subject: String, in path: String) async throws {
        let cable = try await open(path)
        try await cable.disconnect(subject: subject)
        CrashHelper.say("disconnected")
        await cable.close()
    }
}
