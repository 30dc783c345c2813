#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Which start of the machine this is.
enum Boot {
    /// The kernel's name for it; nil where there is none, and then a power cut is not noticed.
    static var identifier: String? {
        // A file of /proc that is missing is what nil stands for.
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return text.map { String($0.prefix { $0 != "\n" }) }
    }
}
