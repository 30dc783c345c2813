import Foundation
import LiteStackTesting
import Synchronization
import Testing

@testable import LiteJobs

@Suite struct WorkerLockTests {
    private func isAlive(_ path: String) -> Bool {
        if case .alive = WorkerProbe(of: path) { true } else { false }
    }

    private func isDead(_ path: String) -> Bool {
        if case .dead = WorkerProbe(of: path) { true } else { false }
    }

    private func isMissing(_ path: String) -> Bool {
        if case .missing = WorkerProbe(of: path) { true } else { false }
    }

    @Test func `a worker is alive as long as its lock is held`() async throws {
        try await withTemporaryDirectory { folder in
            let lock = try WorkerLock.acquire(uuid: "A", in: folder, for: "test")
            #expect(isAlive(lock.path))
            #expect(lock.isIntact)
            lock.release()
            #expect(isDead(lock.path))
        }
    }

    @Test func `a probe leaves no trace: the next one finds the same`() async throws {
        try await withTemporaryDirectory { folder in
            let lock = try WorkerLock.acquire(uuid: "A", in: folder, for: "test")
            #expect(isAlive(lock.path))
            #expect(isAlive(lock.path))
            lock.release()
            #expect(isDead(lock.path))
            #expect(isDead(lock.path))
        }
    }

    @Test func `of two who find a worker dead one rescues`() async throws {
        try await withTemporaryDirectory { folder in
            let lock = try WorkerLock.acquire(uuid: "A", in: folder, for: "test")
            lock.release()
            guard case .dead(let held) = WorkerProbe(of: lock.path) else {
                Issue.record("nobody holds the lock")
                return
            }
            #expect(isAlive(lock.path))
            held.removeFile()
            #expect(isMissing(lock.path))
        }
    }

    @Test func `a removed file is noticed, and made again under lock`() async throws {
        try await withTemporaryDirectory { folder in
            let lock = try WorkerLock.acquire(uuid: "A", in: folder, for: "test")
            try FileManager.default.removeItem(atPath: lock.path)
            #expect(!lock.isIntact)
            #expect(isMissing(lock.path))
            try lock.renew()
            #expect(lock.isIntact)
            #expect(isAlive(lock.path))
            lock.remove()
            #expect(isMissing(lock.path))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }

    @Test func `a file that took the place of the locked one does not prove a death`() async throws {
        try await withTemporaryDirectory { folder in
            let lock = try WorkerLock.acquire(uuid: "A", in: folder, for: "test")
            try FileManager.default.removeItem(atPath: lock.path)
            #expect(FileManager.default.createFile(atPath: lock.path, contents: nil))
            #expect(!lock.isIntact)
            try lock.renew()
            #expect(lock.isIntact)
            #expect(isAlive(lock.path))
        }
    }

    @Test func `a folder that cannot be written gives an error that says so`() async throws {
        #expect { try WorkerLock.acquire(uuid: "A", in: "/nonexistent", for: "test") } throws: {
            guard let error = $0 as? JobError else { return false }
            return error.code == .lockFile && error.message.contains("/nonexistent/worker-A.lock")
        }
    }

    @Test(arguments: [false, true])
    func `a child process does not inherit the lock`(isRenewed: Bool) async throws {
        try await withTemporaryDirectory { folder in
            let lock = try WorkerLock.acquire(uuid: "A", in: folder, for: "test")
            if isRenewed {
                try FileManager.default.removeItem(atPath: lock.path)
                try lock.renew()
            }
            // Foundation's Process closes every descriptor by itself; this way of starting a program does not.
            let child = try spawn("/bin/sleep", "30")
            defer {
                kill(child, SIGKILL)
                waitpid(child, nil, 0)
            }
            // As the end of the process does, which unlocks nothing by itself.
            lock.descriptor.withLock { descriptor in
                close(descriptor)
                descriptor = -1
            }
            // Between a fork and its exec, for a moment, any child of another test holds a copy too.
            try await eventually("the lock is free while the child lives") { isDead(lock.path) }
        }
    }

    private func spawn(_ program: String, _ argument: String) throws -> pid_t {
        var child = pid_t()
        let arguments = [strdup(program), strdup(argument), nil]
        defer { for argument in arguments { free(argument) } }
        let code = posix_spawn(&child, program, nil, nil, arguments, environ)
        try #require(code == 0)
        return child
    }
}
