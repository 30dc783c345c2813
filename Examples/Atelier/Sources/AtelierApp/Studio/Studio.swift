import Subprocess
import SystemPackage

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Makes styled pictures with ImageMagick, which it treats as something that an upload may take over.
///
/// The program gets an empty environment but for the way to our policy: no coder but PNG and JPEG, no delegates, and
/// limits on memory, size and time. File names are ours and relative to a private folder, each with the prefix of its
/// type, so that nothing in a name or in the bytes chooses another coder. What outlives its time is killed, with all
/// that it started.
final class Studio: Sendable {
    private let program: FilePath
    let scratch: ScratchFolder
    private let timeout: Duration
    private let environment: [Environment.Key: String]

    /// Opens a studio with its scratch folder in `folder`.
    ///
    /// - Throws: `StudioError` with `missingImageMagick`, `imageMagickDoesNotRun` or `policyNotInForce`; what the file
    ///   system says.
    static func open(in folder: FilePath, timeout: Duration = .seconds(30)) async throws -> Studio {
        guard let program = programs.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw StudioError.missingImageMagick
        }
        let studio = try Studio(FilePath(program), ScratchFolder(in: folder), timeout)
        try await studio.checkPolicy()
        return studio
    }

    /// ImageMagick 7, then 6.
    private static let programs = [
        "/usr/bin/magick", "/usr/bin/convert", "/usr/local/bin/magick", "/opt/homebrew/bin/magick",
    ]

    private init(_ program: FilePath, _ scratch: ScratchFolder, _ timeout: Duration) throws {
        self.program = program
        self.scratch = scratch
        self.timeout = timeout
        environment = [
            "MAGICK_CONFIGURE_PATH": scratch.path.string,
            "MAGICK_TEMPORARY_PATH": scratch.path.string,
        ]
        try Self.write(PackageResources.policy_xml, to: scratch.path.appending("policy.xml"))
    }

    /// Makes the styled picture of an upload.
    ///
    /// - Throws: `StudioError` with `unusablePicture` or `killed`; `CancellationError`; what the file system says.
    func style(_ bytes: [UInt8], as style: PictureStyle) async throws -> StyledPicture {
        guard let header = ImageHeader(bytes) else { throw StudioError.unusablePicture("no header") }
        return try await scratch.withFolder { folder in
            try Self.write(bytes, to: folder.appending("upload"))
            let outcome = try await convert(Self.arguments(header, style), in: folder, timeout: timeout)
            switch outcome.end {
            case .exited(0): break
            case .exited: throw StudioError.unusablePicture(outcome.errorText)
            case .timedOut: throw StudioError.unusablePicture("it took longer than \(timeout)")
            case .killed(let signal): throw StudioError.killed(signal: signal)
            }
            let styled = try Self.read(folder.appending("styled"))
            guard let header = ImageHeader(styled) else { throw StudioError.unusablePicture("no result") }
            return StyledPicture(original: try Self.read(folder.appending("original")), styled: styled, header: header)
        }
    }

    /// Runs ImageMagick in a folder, under the policy.
    func convert(
        _ arguments: [String], in folder: FilePath, timeout: Duration
    ) async throws -> ProcessRunner.Outcome {
        try await ProcessRunner.run(program, arguments, environment: environment, in: folder, timeout: timeout)
    }

    /// The first frame, made small before anything else is done with it, turned upright as its metadata say, without
    /// metadata, on white; a copy of that; then the style.
    private static func arguments(_ header: ImageHeader, _ style: PictureStyle) -> [String] {
        // A large JPEG is decoded at a fraction of its size, which is much quicker; a small one would be enlarged.
        (max(header.width, header.height) > 2560 ? ["-define", "jpeg:size=2560x2560"] : [])
            + ["\(header.type.prefix)upload[0]"]
            + ["-resize", "1280x1280>", "-auto-orient", "-strip", "-colorspace", "sRGB", "+repage"]
            + ["-background", "white", "-alpha", "remove", "-alpha", "off", "-quality", "86"]
            + ["(", "+clone", "-write", "jpeg:original", "+delete", ")"]
            + style.operations
            + ["-strip", "-quality", "86", "jpeg:styled"]
    }

    /// Asks for a picture from a coder that the policy turns off. A system where that works has no policy of ours.
    private func checkPolicy() async throws {
        try await scratch.withFolder { folder in
            let outcome = try await convert(["xc:white", "png:probe"], in: folder, timeout: .seconds(30))
            switch outcome.end {
            case .exited(0): throw StudioError.policyNotInForce
            case .exited: return
            case .timedOut, .killed: throw StudioError.imageMagickDoesNotRun
            }
        }
    }

    static func write(_ bytes: [UInt8], to path: FilePath) throws {
        try Data(bytes).write(to: URL(filePath: path.string), options: .withoutOverwriting)
    }

    private static func read(_ path: FilePath) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path.string)))
    }
}
