package import Foundation
import Synchronization

/// Starts a program by `posix_spawn`.
///
/// Foundation's `Process` copies the list of the process's open descriptors, and crashes now and then while other tests
/// open and close files.
package enum Spawn {
    /// A program that runs, and our ends of its pipes.
    package struct Child {
        package let identifier: pid_t
        package let input: FileHandle
        package let output: FileHandle
        package let error: FileHandle
    }

    private static let turn = Mutex(())

    /// - Throws: `POSIXError` if it cannot be started.
    package static func start(_ executable: String, _ arguments: [String], environment: [String: String]) throws
        -> Child
    {
        // One at a time: a child that starts between `pipe` and `fcntl` would inherit the ends, and hold them open.
        try turn.withLock { _ in
            let (input, output, error) = (try Ends(), try Ends(), try Ends())
            defer { for end in [input.read, output.write, error.write] { close(end) } }
            do {
                let identifier = try spawn(
                    [executable] + arguments, environment, [input.read, output.write, error.write])
                return Child(
                    identifier: identifier, input: FileHandle(fileDescriptor: input.write, closeOnDealloc: true),
                    output: FileHandle(fileDescriptor: output.read, closeOnDealloc: true),
                    error: FileHandle(fileDescriptor: error.read, closeOnDealloc: true))
            } catch let failure {
                for end in [input.write, output.read, error.read] { close(end) }
                throw failure
            }
        }
    }

    /// Waits until a child has ended. Blocks.
    package static func wait(for identifier: pid_t) -> ChildProcess.Exit {
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) == -1, errno == EINTR {}
        // WIFEXITED and its kin are macros.
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signaled(signal)
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String: String], _ descriptors: [Int32]
    ) throws -> pid_t {
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The thread that we are on may block every signal, which a child would inherit.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var values = arguments.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in values + variables { free(text) } }
        var child = pid_t()
        let code = posix_spawn(&child, arguments[0], &actions, &attributes, &values, &variables)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
        return child
    }

    /// The two ends of a pipe, which no other child inherits.
    private struct Ends {
        let read: Int32
        let write: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            (read, write) = (ends[0], ends[1])
        }
    }
}
