import Foundation
import LiteDB

/// Kills processes that write, over and over, and looks for what was lost; `scripts/torture` runs it.
///
/// `write`, `check` and `jobs-work` are the processes that it starts itself.
@main
struct LiteStackTorture {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let rest = Array(arguments.dropFirst())
        do {
            switch arguments.first {
            case "db": try await torture(rest)
            case "jobs": try await tortureJobs(rest)
            case "jobs-work": try await JobTortureWorker(arguments: rest).run()
            case "write": try await TortureWriter(arguments: rest).run()
            case "check": try await TortureCheck(arguments: rest).run()
            default: stop("usage: torture db|jobs [--short] [--kills NUMBER] [--seconds NUMBER] [--seed NUMBER]")
            }
        } catch {
            stop("\(error)")
        }
    }

    private static func number(_ name: String, in arguments: [String]) -> UInt64? {
        arguments.drop { $0 != name }.dropFirst().first.flatMap { UInt64($0) }
    }

    private static func tortureJobs(_ arguments: [String]) async throws {
        let seed = number("--seed", in: arguments) ?? .random(in: 0...9_999_999)
        let isShort = arguments.contains("--short")
        let killCount = number("--kills", in: arguments).map { Int($0) } ?? (isShort ? 150 : 10_000)
        let seconds = number("--seconds", in: arguments).map { Double($0) } ?? (isShort ? 3 : 600)
        print("seed \(seed); repeat with --seed \(seed), as far as the system's own timing lets it")
        let torture = try JobTorture(killCount: killCount, seed: seed)
        let start = ContinuousClock.now
        let report: JobTortureReport
        do {
            report = try await torture.run()
        } catch {
            stop("\(error)\nThe files are kept in \(torture.folder)")
        }
        print("workers killed: \(report.text) (\((ContinuousClock.now - start).components.seconds) s)")
        guard report.isGood else { stop("The files are kept in \(torture.folder)") }
        torture.removeFolder()
        let crowd = try await JobCrowd.run(seconds: seconds, seed: seed)
        print(crowd.text)
        if !crowd.isGood { exit(1) }
    }

    private static func torture(_ arguments: [String]) async throws {
        let seed = number("--seed", in: arguments) ?? .random(in: 0...9_999_999)
        let killCount = arguments.contains("--short") ? 50 : 1000
        print("seed \(seed); repeat with --seed \(seed), as far as the system's own timing lets it")
        for writerCount in 1...2 {
            let torture = try DatabaseTorture(writerCount: writerCount, killCount: killCount, seed: seed)
            let report: TortureReport
            do {
                report = try await torture.run()
            } catch {
                stop("\(error)\nThe files are kept in \(torture.folder)")
            }
            print("\(writerCount == 1 ? "one writer" : "two writers"): \(report.text)")
            guard report.isGood else { stop("The files are kept in \(torture.folder)") }
            torture.removeFolder()
        }
    }

    private static func stop(_ message: String) -> Never {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        exit(1)
    }
}
