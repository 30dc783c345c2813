import Foundation
import LiteStackTesting

// A round: writers start, one is killed at a random moment, and the file is opened and looked at. What was acknowledged
// before the kill must be there, and each write must be there as a whole or not at all. With two writers the other one
// goes on meanwhile, must still be able to write, and is killed at the end of the round.
//
// Everything that opens the file is a process of its own. Half of the checks end without closing, so that the next
// writer has to recover the WAL, and some kills hit it there.

/// Kills writers of one file, and counts what was lost.
final class DatabaseTorture {
    let folder: String
    private let path: String
    private let program: String
    private let writerCount: Int
    private let killCount: Int
    private var random: RandomNumbers
    private var report = TortureReport()
    private var nextWriter: Int64 = 1
    /// Acknowledged writes that the next check must find.
    private var awaited: Set<Int64> = []
    /// What the last check found, and deleted.
    private var found: Set<Int64> = []

    /// The longest time that a writer is left alone.
    private static let longestLife = Duration.milliseconds(250)
    /// A full integrity check is made after as many rounds.
    private static let integrityInterval = 10

    init(writerCount: Int, killCount: Int, seed: UInt64) throws {
        self.writerCount = writerCount
        self.killCount = killCount
        random = RandomNumbers(seed: seed &+ UInt64(writerCount))
        let made = FileManager.default.temporaryDirectory.appendingPathComponent(
            "litestack-torture-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
        folder = made.path
        path = made.appendingPathComponent("torture.sqlite3").path
        program = URL(fileURLWithPath: CommandLine.arguments[0]).path
    }

    /// Runs all rounds, or those until something was lost.
    func run() async throws -> TortureReport {
        var round = 0
        while report.killCount < killCount, report.isGood {
            round += 1
            let isLast = report.killCount + writerCount >= killCount
            let checksIntegrity = isLast || round.isMultiple(of: Self.integrityInterval)
            if writerCount == 1 {
                try await killOne(checksIntegrity)
            } else {
                try await killBoth(checksIntegrity)
            }
        }
        return report
    }

    func removeFolder() {
        // Left-over files in the temporary folder harm nobody.
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Rounds

    private func killOne(_ checksIntegrity: Bool) async throws {
        try await withWriter { writer in
            try await Task.sleep(for: randomLife())
            try await kill(writer)
        }
        try await check(integrity: checksIntegrity)
    }

    private func killBoth(_ checksIntegrity: Bool) async throws {
        try await withWriter { survivor in
            try await withWriter { victim in
                try await Task.sleep(for: randomLife())
                try await kill(victim)
            }
            awaited.formUnion(acknowledged(by: survivor))
            try await check(integrity: false)
            let before = acknowledged(by: survivor).count
            try await eventually("the other writer goes on") { acknowledged(by: survivor).count > before }
            try await Task.sleep(for: randomLife() / 8)
            try await kill(survivor)
        }
        try await check(integrity: checksIntegrity)
    }

    private func randomLife() -> Duration {
        .microseconds(Int64.random(in: 0...Self.longestLife.components.attoseconds / 1_000_000_000_000, using: &random))
    }

    private func withWriter(_ body: (ChildProcess) async throws -> Void) async throws {
        let arguments = ["write", path, "\(nextWriter)", "\(random.next() >> 1)"]
        nextWriter += 1
        try await withChildProcess(program, arguments: arguments, body)
    }

    private func kill(_ writer: ChildProcess) async throws {
        writer.send(.kill)
        let exit = try await writer.waitForExit()
        guard exit == .signaled(SIGKILL) else {
            throw TortureFailure(
                "A writer ended by itself (\(exit)): \(writer.lines.suffix(3).joined(separator: "\n"))")
        }
        report.killCount += 1
        let ids = acknowledged(by: writer)
        report.acknowledgedCount += ids.count
        awaited.formUnion(Set(ids).subtracting(found))
    }

    private func acknowledged(by writer: ChildProcess) -> [Int64] {
        writer.lines.compactMap { line in
            line.hasPrefix(TortureWriter.acknowledgement)
                ? Int64(line.dropFirst(TortureWriter.acknowledgement.count)) : nil
        }
    }

    // MARK: Looking

    private func check(integrity: Bool) async throws {
        var arguments = ["check", path]
        if integrity { arguments.append("--integrity") }
        if Bool.random(using: &random) { arguments.append("--without-closing") }
        let finding = try await withChildProcess(program, arguments: arguments) { child in
            let exit = try await child.waitForExit()
            guard exit == .exited(0), let line = child.lines.first(where: { $0.hasPrefix(TortureCheck.answer) }) else {
                throw TortureFailure("A check failed (\(exit)): \(child.lines.suffix(5).joined(separator: "\n"))")
            }
            return try TortureCheck.Finding(line)
        }
        report.lostCount += awaited.subtracting(finding.ids).count
        report.halfDoneCount += finding.halfDoneCount
        if let integrity = finding.integrity, integrity != "ok" { report.integrity = integrity }
        awaited = []
        found = finding.ids
    }
}

/// A part of the torture itself went wrong.
struct TortureFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
