/// Waits until `condition` is true, looking again every few milliseconds.
///
/// For what announces itself nowhere: another process, a file, a server that starts. Where there is something to wait
/// on, wait on that: a ``TestSignal``, a sequence, a ``ChildProcess``.
///
/// - Parameters:
///   - what: What is waited for, for the message.
///   - limit: The longest wait. Default 90 s, far more than any test should need.
///   - fileID: Where the call stands, for the message.
///   - line: Where the call stands, for the message.
///   - condition: What must become true. It runs at least once.
/// - Throws: ``TestTimeout``, and what `condition` throws.
public func eventually(
    _ what: String = "the condition", within limit: Duration = .seconds(90),
    fileID: StaticString = #fileID, line: UInt = #line,
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    var pause = Duration.milliseconds(1)
    while try await !condition() {
        guard clock.now < deadline else {
            throw TestTimeout(what, within: limit, fileID: fileID, line: line)
        }
        try await clock.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(20))
    }
}
