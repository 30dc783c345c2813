import ArgumentParser

/// Measures LiteStack against the raw C API, each in the same run.
///
/// The hidden subcommands are the other processes of the rows that need some: the executable starts itself.
@main
struct LiteStackBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures LiteStack against the raw C API, each in the same run.",
        subcommands: [
            RunCommand.self, PacedWriterCommand.self, ListenerCommand.self, ContenderCommand.self,
            IdleMemoryCommand.self, ScanMemoryCommand.self, CacheWriterCommand.self, CacheFetcherCommand.self,
            JobWorkerCommand.self,
            CableListenerCommand.self, RedisListenerCommand.self, CableServerCommand.self, CableClientsCommand.self,
            CableIdleCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )
}
