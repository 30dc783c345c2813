import CLiteStackSQLite

/// A file of /proc. The kernel gives its size as zero and its text in pieces, of which Foundation reads only the first.
enum KernelFile {
    /// The whole text, nil if there is no such file.
    static func text(at path: String) -> String? {
        let descriptor = litestack_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count > 0 {
                text += piece[..<count]
            } else if count == 0 || litestack_errno() != EINTR {
                return String(decoding: text, as: UTF8.self)
            }
        }
    }
}
