import LiteStackTesting
import SystemPackage
import Testing

@testable import AtelierApp

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite struct ScratchFolderTests {
    @Test func `what a dead process left is removed, what a living one holds stays`() async throws {
        try await withTemporaryDirectory { path in
            let parent = FilePath(path).appending("scratch")
            let living = try ScratchFolder(in: parent)
            let abandoned = parent.appending(UUID().uuidString)
            try FileManager.default.createDirectory(
                atPath: abandoned.appending("job").string, withIntermediateDirectories: true)
            let mine = try ScratchFolder(in: parent)
            let names = Set(try FileManager.default.contentsOfDirectory(atPath: parent.string))
            #expect(names == ["lock", living.path.lastComponent?.string, mine.path.lastComponent?.string])
        }
    }

    @Test func `a job's folder is private, and gone when the job is over, also by an error`() async throws {
        struct Failure: Error {}
        try await withTemporaryDirectory { path in
            let scratch = try ScratchFolder(in: FilePath(path).appending("scratch"))
            var folder: FilePath?
            await #expect(throws: Failure.self) {
                try await scratch.withFolder { inner in
                    folder = inner
                    let mode = try FileManager.default.attributesOfItem(atPath: inner.string)[.posixPermissions]
                    #expect(mode as? Int == 0o700 || mode as? UInt16 == 0o700)
                    throw Failure()
                }
            }
            #expect(!FileManager.default.fileExists(atPath: try #require(folder).string))
        }
    }

    @Test func `the folder goes with its owner`() async throws {
        try await withTemporaryDirectory { path in
            let parent = FilePath(path).appending("scratch")
            var scratch: ScratchFolder? = try ScratchFolder(in: parent)
            #expect(scratch != nil)
            scratch = nil
            #expect(try FileManager.default.contentsOfDirectory(atPath: parent.string) == ["lock"])
        }
    }
}
