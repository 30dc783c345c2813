import CLiteStackSQLite

/// One thread of LiteDB's own, so that nothing that can wait sits on Swift's cooperative pool.
final class WorkerThread: @unchecked Sendable {  // set once at start; join is called by one owner
    private let thread: pthread_t

    /// Starts a thread.
    ///
    /// - Parameter name: Shown by `top -H` and debuggers; at most 15 bytes.
    init(name: String, _ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(name: name, run: body))
        #if canImport(Darwin)
        var created: pthread_t?
        #else
        var created = pthread_t()
        #endif
        let code = pthread_create(
            &created, nil,
            { argument in
                #if canImport(Darwin)
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                #else
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                litestack_name_thread(body.name)
                #endif
                litestack_receive_interruption()
                body.run()
                return nil
            }, box.toOpaque())
        precondition(code == 0, "LiteDB could not start a thread: error \(code). Raise the limit on threads")
        #if canImport(Darwin)
        thread = created!
        #else
        thread = created
        #endif
    }

    /// Starts a thread that nobody waits for.
    static func detached(name: String, _ body: @escaping @Sendable () -> Void) {
        pthread_detach(WorkerThread(name: name, body).thread)
    }

    /// Waits for the thread's end.
    func join() {
        pthread_join(thread, nil)
    }

    /// Interrupts a blocking system call of the thread.
    func interrupt() {
        pthread_kill(thread, SIGURG)
    }

    /// Runs a body on a thread made for it, and gives its result.
    static func run<T: Sendable>(name: String, _ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withUnsafeThrowingContinuation { continuation in
            detached(name: name) {
                continuation.resume(with: Result { try body() })
            }
        }
    }

    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
