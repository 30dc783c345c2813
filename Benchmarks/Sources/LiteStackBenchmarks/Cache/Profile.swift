import Foundation

/// What the rows of coded values store.
struct Profile: Codable, Sendable {
    var id: Int
    var name: String
    var mail: String
    var joined: Date
    var score: Double
    var level: Int

    init(_ number: Int) {
        id = number
        name = "User number \(number)"
        mail = "user\(number)@atelier.example"
        joined = Date(timeIntervalSince1970: 1_700_000_000 + Double(number))
        score = Double(number) / 7
        level = number % 10
    }
}
