import Foundation
import LiteDB

/// Kills processes that write, over and over, and looks for what was lost; `scripts/torture` runs it.
///
/// `write` and `check` are the processes that it starts itself.
@main
struct LiteStackTorture {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let rest = Array(arguments.dropFirst())
        do {
            switch arguments.first {
            case "db": try await torture(rest)
            case "write": try await TortureWriter(arguments: rest).run()
            case "check": try await TortureCheck(arguments: rest).run()
            default: stop("usage: torture db [--short] [--seed NUMBER]")
            }
        } catch {
            stop("\(error)")
        }
    }

    private static func torture(_ arguments: [String]) async throws {
        let seed =
            arguments.drop { $0 != "--seed" }.dropFirst().first.flatMap { UInt64($0) } ?? .random(in: 0...9_999_999)
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
