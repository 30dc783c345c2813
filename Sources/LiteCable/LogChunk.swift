/// A stretch of the log that was read once for all subscribers of this process.
final class LogChunk: Sendable {
    /// It is what comes behind this.
    let after: Int64
    /// Up to here.
    let through: Int64
    /// Of the channels that somebody wanted when it was read.
    let messages: [Cable.Message]
    /// Where in `channels` each message's channel stands.
    let channelIndices: [Int32]
    /// Every channel of the stretch, wanted or not.
    let channels: [String]
    /// What retention had removed behind `after` before it was read.
    let marks: [CableStore.Mark]
    /// How many subscriptions there had been when it was read: a later one cannot rely on it.
    let registrationCount: Int
    let byteCount: Int

    init(
        after: Int64, through: Int64, messages: [Cable.Message], channels: [String], marks: [CableStore.Mark],
        registrationCount: Int
    ) {
        self.after = after
        self.through = through
        self.messages = messages
        self.channels = channels
        self.marks = marks
        self.registrationCount = registrationCount
        byteCount = messages.reduce(0) { $0 + $1.payload.count + 200 }
        let indices = Dictionary(uniqueKeysWithValues: channels.enumerated().map { ($1, Int32($0)) })
        var last: (name: String, index: Int32)?
        channelIndices = messages.map { message in
            if let last, last.name == message.channel { return last.index }
            let index = indices[message.channel] ?? 0
            last = (message.channel, index)
            return index
        }
    }
}
