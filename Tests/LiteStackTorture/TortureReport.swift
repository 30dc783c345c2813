/// What came of the kills.
struct TortureReport {
    var killCount = 0
    var acknowledgedCount = 0
    /// Acknowledged writes that were gone.
    var lostCount = 0
    /// Writers whose two tables did not agree.
    var halfDoneCount = 0
    var integrity = "ok"

    var isGood: Bool { lostCount == 0 && halfDoneCount == 0 && integrity == "ok" }

    var text: String {
        "\(killCount) kills, \(acknowledgedCount) acknowledged writes, \(lostCount) lost, \(halfDoneCount) half-done, "
            + "integrity \(integrity)"
    }
}
