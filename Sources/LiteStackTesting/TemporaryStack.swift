public import LiteStack

/// Runs `body` with a new stack in a folder of its own; afterwards it is closed and gone.
///
/// It is open and usable, and its workers do not run: add them and run the stack, or a `Worker`, in the test.
///
/// - Throws: What `body` throws, and the errors of opening.
@discardableResult
public func withTemporaryStack<Result>(
    _ configuration: Stack.Configuration = .init(), _ body: (Stack) async throws -> Result
) async throws -> Result {
    let stack = try await Stack.temporary(configuration: configuration)
    do {
        let result = try await body(stack)
        await stack.close()
        return result
    } catch {
        await stack.close()
        throw error
    }
}
