#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Darwin)
import Darwin
#endif

/// Which run of the machine this is: it changes at every start of the kernel.
enum BootIdentifier {
    /// The kernel's own name for it; nil where there is none.
    static func current() -> String? {
        #if canImport(Darwin)
        var bytes = [UInt8](repeating: 0, count: 64)
        var count = bytes.count
        guard sysctlbyname("kern.bootsessionuuid", &bytes, &count, nil, 0) == 0 else { return nil }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        #else
        // A file that cannot be read means that there is no name; the caller then keeps to the safe side.
        guard let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8) else {
            return nil
        }
        return String(text.prefix { !$0.isWhitespace })
        #endif
    }
}
