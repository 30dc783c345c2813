import LiteCable

/// What a session delivered, as text.
final class Received: Sendable {
    private let signal = TestSignalLines()
    var lines: [String] { signal.all }

    func add(_ delivery: Cable.Delivery) {
        signal.add(Self.text(of: delivery))
    }

    static func text(of delivery: Cable.Delivery) -> String {
        switch delivery {
        case .message(let message):
            "\(WireFormat(delivery).type) \(message.text ?? "")"
        case .gap(let gap): "gap \(gap.reason)"
        case .present(_, let members, _): "present " + members.map(\.id).joined(separator: " ")
        case .heartbeat: "heartbeat"
        }
    }
}
