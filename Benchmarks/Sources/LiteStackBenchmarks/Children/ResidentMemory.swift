import Foundation

/// How much memory this process holds, as the kernel counts it.
enum ResidentMemory {
    /// Bytes that are in memory now.
    static func bytes() throws -> Int { try field("VmRSS") }

    /// The most that ever were.
    static func peakBytes() throws -> Int { try field("VmHWM") }

    private static func field(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        // "VmRSS:      1234 kB"
        for line in status.split(separator: "\n") where line.hasPrefix(name + ":") {
            if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
                return kilobytes * 1024
            }
        }
        throw ChildError(message: "/proc/self/status has no \(name)")
    }
}
