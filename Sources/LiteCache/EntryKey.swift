#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Which entry: the text of its key with its namespace, and the row in which it lies.
struct EntryKey: Sendable, Hashable {
    let hash: Int64
    /// The namespace, a unit separator (U+001F), the key.
    let text: String

    /// Whether these are the bytes of the text.
    func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var text = text
        return text.withUTF8 { utf8 in
            utf8.count == bytes.count
                && (utf8.isEmpty || memcmp(utf8.baseAddress!, bytes.baseAddress!, utf8.count) == 0)
        }
    }
}

/// A namespace as a handle of the cache sees it.
struct Scope: Sendable {
    static let separator: Character = "\u{1F}"

    /// Empty for the cache itself.
    let name: String
    /// What the text of each of its keys begins with.
    let prefix: String
    /// Keyed for this namespace, so that a key's hash needs no text to be put together.
    let hash: SipHash
    /// Which bucket of the tags it is cleared by; nil for the cache itself.
    let bucket: UInt32?
    let counters: CounterSet
    /// What the layer in memory knows it by: its place among the counters, or a negative number if it shares them.
    let index: Int

    func hash(_ key: String) -> Int64 { Int64(bitPattern: hash.hash(key)) }

    func entryKey(_ key: String) -> EntryKey { EntryKey(hash: hash(key), text: prefix + key) }

    /// The buckets of an entry: that of the namespace, then those of its tags.
    func buckets(_ tags: [String], _ versions: TagVersions) -> [UInt32] {
        (bucket.map { [$0] } ?? []) + tags.map { versions.bucket(ofTag: $0) }
    }

    /// The namespace's name in an entry's text.
    static func name(in text: String) -> String { String(text.prefix { $0 != separator }) }

    /// The key without its namespace.
    static func key(in text: String) -> String {
        text.firstIndex(of: separator).map { String(text[text.index(after: $0)...]) } ?? text
    }

    /// The smallest text behind all that begin with `prefix`; nil if there is none. UTF-8 sorts as its scalars do.
    static func end(ofPrefix prefix: String) -> String? {
        var scalars = Array(prefix.unicodeScalars)
        while let last = scalars.popLast() {
            var next = last.value + 1
            if next == 0xD800 { next = 0xE000 }
            guard let scalar = Unicode.Scalar(next) else { continue }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            text.append(scalar)
            return String(text)
        }
        return nil
    }
}
