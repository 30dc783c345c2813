import Foundation
import Synchronization

/// Whole numbers in a file that two processes have mapped: what one has committed, the other checks its reads by.
///
/// `@unchecked Sendable`: the memory holds atomics.
final class SharedCounters: @unchecked Sendable {
    private let cells: UnsafeMutablePointer<Atomic<Int>>
    private let count: Int

    init(path: String, count: Int) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let length = count * MemoryLayout<Int>.stride
        guard descriptor >= 0, ftruncate(descriptor, off_t(length)) == 0,
            let mapped = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), mapped != MAP_FAILED
        else { throw ChildError(message: "cannot map \(path)") }
        cells = mapped.bindMemory(to: Atomic<Int>.self, capacity: count)
        self.count = count
    }

    deinit {
        munmap(cells, count * MemoryLayout<Int>.stride)
    }

    func load(_ index: Int) -> Int { cells[index].load(ordering: .acquiring) }

    func store(_ value: Int, at index: Int) { cells[index].store(value, ordering: .releasing) }
}
