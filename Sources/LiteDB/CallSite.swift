/// Where in the source a write was called, for the warning about a slow one.
struct CallSite {
    let fileID: StaticString
    let line: UInt
}
