/// One measurement, which fills one row or several.
struct Benchmark: Sendable {
    /// The row's name, or what the names of its rows begin with.
    let name: String
    /// Measures.
    let run: @Sendable (Plan) async throws -> [ResultRow]

    /// All of them, in the order in which they run.
    static let all: [Benchmark] = database + cache + jobs + cable

    /// Whether `selection` is its suite, or the beginning of its name up to a dot.
    func isPart(of selection: String) -> Bool {
        name == selection || name.hasPrefix(selection + ".")
    }
}
