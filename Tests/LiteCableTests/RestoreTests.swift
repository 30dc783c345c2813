import Foundation
import LiteDB
import LiteStackTesting
import Testing

@testable import LiteCable

@Suite(.timeLimit(.minutes(5))) struct RestoreTests {
    /// How a backup comes to its place.
    enum Way: CaseIterable, Sendable {
        /// `cp backup app`: the file keeps its inode.
        case copiedOver
        /// `rm app; cp backup app`: the number of the inode may be the same.
        case copiedAnew
        case moved
        /// With what lies in `run/`, from a copy of the whole folder.
        case wholeFolder
    }

    private func copy(_ source: String, over target: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: source))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: target))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: bytes)
        try file.close()
    }

    private func restore(_ backup: String, to path: String, _ way: Way) throws {
        let files = FileManager.default
        for suffix in ["-wal", "-shm"] where files.fileExists(atPath: path + suffix) {
            try files.removeItem(atPath: path + suffix)
        }
        switch way {
        case .copiedOver: try copy(backup, over: path)
        case .copiedAnew:
            try files.removeItem(atPath: path)
            try files.copyItem(atPath: backup, toPath: path)
        case .moved:
            try files.removeItem(atPath: path)
            try files.moveItem(atPath: backup, toPath: path)
        case .wholeFolder:
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            try files.removeItem(atPath: folder)
            try files.copyItem(atPath: URL(fileURLWithPath: backup).deletingLastPathComponent().path, toPath: folder)
        }
    }

    @Test(arguments: Way.allCases)
    func `an older log in the file's place is told as a gap, although it has grown past the cursor`(
        _ way: Way
    ) async throws {
        try await withTemporaryDirectory { folder in
            let (path, copies) = (folder + "/data/app.sqlite3", folder + "/copies")
            let cable = try await Cable.open(at: path)
            try await cable.publish("kept", to: "a")
            let backup = copies + "/app.sqlite3"
            if way == .wholeFolder { try FileManager.default.copyItem(atPath: folder + "/data", toPath: copies) }
            try FileManager.default.createDirectory(atPath: copies, withIntermediateDirectories: true)
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: backup + suffix) {
                try FileManager.default.removeItem(atPath: backup + suffix)
            }
            try await cable.database(backupTo: backup)
            var iterator = try await cable.subscribe(to: "a").makeAsyncIterator()
            let lost = try await cable.publish("lost", to: "a")
            _ = try await iterator.next()
            await cable.close()
            try restore(backup, to: path, way)
            let restored = try await Cable.open(at: path)
            try await restored.publish("other", to: "a")
            try await restored.publish("further", to: "a")
            #expect(try await restored.cursor().seq > lost.seq)
            let event = try await events(1, of: try await restored.subscribe(to: "a", from: .after(lost))).first
            guard case .gap(let gap) = event else {
                Issue.record("the message behind the cursor is another one now")
                return
            }
            #expect(gap.reason == .otherLog)
            await restored.close()
            // Once is enough.
            let again = try await Cable.open(at: path)
            #expect(try await again.cursor() == gap.to)
            await again.close()
        }
    }

    @Test func `a log whose stamp is gone or nonsense gets another epoch, and keeps it`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/app.sqlite3"
            func cursor() async throws -> Cable.Cursor {
                let cable = try await Cable.open(at: path)
                let cursor = try await cable.cursor()
                await cable.close()
                return cursor
            }
            let cable = try await Cable.open(at: path)
            var last = try await cable.publish("kept", to: "a")
            await cable.close()
            #expect(try await cursor() == last)
            for isWiped in [true, false] {
                let stamp = folder + "/run/app.sqlite3.cable"
                if isWiped {
                    try FileManager.default.removeItem(atPath: folder + "/run")
                } else {
                    try Data("nonsense".utf8).write(to: URL(fileURLWithPath: stamp))
                }
                let renewed = try await cursor()
                #expect(renewed.epoch != last.epoch)
                #expect(renewed.seq == last.seq)
                #expect(try await cursor() == renewed)
                last = renewed
            }
        }
    }

    @Test func `processes that open a restored file at once agree on its epoch`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/app.sqlite3"
            let cable = try await Cable.open(at: path)
            try await cable.publish("kept", to: "a")
            let backup = folder + "/backup.sqlite3"
            try await cable.database(backupTo: backup)
            var lost = try await cable.publish("lost", to: "a")
            _ = try await cable.cursor()
            await cable.close()
            for _ in 0..<3 {
                try restore(backup, to: path, .copiedOver)
                let helper = ChildProcess.builtExecutable("LiteStackCrashHelper")
                let cursors = try await withThrowingTaskGroup(of: String.self) { group in
                    for number in 0..<6 {
                        group.addTask {
                            try await withChildProcess(helper, arguments: ["publish", path, "a", "\(number)"]) {
                                child in
                                try await child.line("a cursor") { $0.hasPrefix("published") }
                            }
                        }
                    }
                    return try await group.reduce(into: [String]()) { $0.append($1) }
                }
                let epochs = Set(cursors.map { $0.split(separator: " ")[1].prefix(16) })
                #expect(epochs.count == 1, "\(cursors)")
                #expect(!epochs.contains { $0 == lost.epoch })
                let own = try await Cable.open(at: path)
                lost = try await own.cursor()
                #expect(epochs.contains { $0 == lost.epoch })
                await own.close()
            }
        }
    }

    @Test func `a process that was killed has left a stamp of what it delivered`() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder + "/app.sqlite3"
            let cable = try await Cable.open(at: path)
            let stamp = cable.stamp
            for number in 0..<10 { try await cable.publish(number, to: "a") }
            var iterator = try await cable.subscribe(to: "a").makeAsyncIterator()
            let last = try await cable.publish("last", to: "a")
            _ = try await iterator.next()
            // Whoever waited was woken first.
            try await eventually("it is noted") { try stamp.read()?.head == last.seq }
            #expect(try stamp.read()?.epoch == last.epochNumber)
            // One that reads from far back does not take it back.
            _ = try await events(1, of: try await cable.subscribe(to: "a", from: .last(5)))
            #expect(try stamp.read()?.head == last.seq)
            await cable.close()
        }
    }
}
