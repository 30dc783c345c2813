import LiteStackTesting
import SystemPackage
import Testing

@testable import AtelierApp

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite struct StudioTests {
    @Test(arguments: PictureStyle.allCases)
    func `every style makes another picture of the same size`(style: PictureStyle) async throws {
        try await withStudio { studio in
            let made = try await studio.style(Samples.png(width: 90, height: 60), as: style)
            #expect(made.header == ImageHeader(type: .jpeg, width: 90, height: 60))
            #expect(ImageHeader(made.original) == made.header)
            #expect(made.styled != made.original)
        }
    }

    @Test func `a large picture is made smaller`() async throws {
        try await withStudio { studio in
            let made = try await studio.style(Samples.png(width: 2560, height: 640), as: .sepia)
            #expect(made.header == ImageHeader(type: .jpeg, width: 1280, height: 320))
        }
    }

    @Test func `metadata are gone from both pictures`() async throws {
        try await withStudio { studio in
            let secret = Samples.chunk("tEXt", Array("Comment\0taken at home, Elm Street 7".utf8))
            let made = try await studio.style(Samples.png(width: 30, height: 30, chunks: [secret]), as: .sepia)
            for bytes in [made.original, made.styled] {
                #expect(!String(decoding: bytes, as: UTF8.self).contains("Elm Street"))
            }
            // The same for JPEG, with what cameras write: EXIF (here: turned by 90 degrees) and a comment.
            let exif: [UInt8] =
                Array("Exif\0\0MM\0*".utf8) + [0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]
            let plain = try await studio.style(Samples.png(width: 40, height: 20), as: .sepia).original
            let tagged =
                Array(plain.prefix(2)) + Samples.jpegSegment(0xE1, exif)
                + Samples.jpegSegment(0xFE, Array("Elm Street".utf8)) + plain.dropFirst(2)
            let turned = try await studio.style(tagged, as: .sepia)
            #expect(turned.header == ImageHeader(type: .jpeg, width: 20, height: 40))
            for bytes in [turned.original, turned.styled] {
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(!text.contains("Elm Street") && !text.contains("Exif"))
            }
        }
    }

    @Test func `25 megapixels fit`() async throws {
        try await withStudio(timeout: .seconds(120)) { studio in
            let bomb = Samples.png(header: (5000, 5000), data: Bombs.zeros(count: 5000 * 5001))
            let made = try await studio.style(bomb, as: .blueprint)
            #expect(made.header == ImageHeader(type: .jpeg, width: 1280, height: 1280))
        }
    }

    @Test func `a decompression bomb that came this far is refused by the policy`() async throws {
        try await withStudio { studio in
            // 196 megapixels in 1.2 MB. Its header would have been refused before; here the limits have to hold.
            let bomb = Samples.png(header: (14_000, 14_000), data: Bombs.zeros(count: 14_000 * 14_001))
            #expect(bomb.count < 1_300_000)
            await #expect { try await studio.style(bomb, as: .oil) } throws: { error in
                guard case StudioError.unusablePicture = error else { return false }
                return true
            }
        }
    }

    @Test func `data that do not end where the header says do no harm`() async throws {
        try await withStudio { studio in
            let bomb = Samples.png(header: (10, 10), data: Bombs.zeros(count: 200_000_000))
            let made = try? await studio.style(bomb, as: .poster)
            #expect(made == nil || made?.header == ImageHeader(type: .jpeg, width: 10, height: 10))
        }
    }

    @Test(arguments: [Samples.svg, Samples.mvg])
    func `other formats are not read, whatever they are called`(bytes: [UInt8]) async throws {
        try await withStudio { studio in
            await #expect { try await studio.style(bytes, as: .oil) } throws: { error in
                guard case StudioError.unusablePicture = error else { return false }
                return true
            }
        }
    }

    @Test(arguments: [
        "svg:upload", "mvg:upload", "msvg:upload", "text:upload", "xc:red", "label:@upload", "upload.svg",
    ])
    func `the policy turns every other coder off`(name: String) async throws {
        try await withStudio { studio in
            let outcome = try await studio.scratch.withFolder { folder in
                for file in ["upload", "upload.svg"] { try Studio.write(Samples.svg, to: folder.appending(file)) }
                return try await studio.convert([name, "png:made"], in: folder, timeout: .seconds(30))
            }
            guard case .exited(let code) = outcome.end else {
                Issue.record("\(outcome)")
                return
            }
            #expect(code != 0)
            // The last: this ImageMagick has no such coder at all. Debian keeps MSVG in a package of its own.
            let refusals = ["not authorized", "not allowed", "no decode delegate for this image format"]
            #expect(refusals.contains { outcome.errorText.contains($0) }, "\(outcome.errorText)")
        }
    }

    @Test func `a picture that takes too long is given up`() async throws {
        try await withStudio(timeout: .milliseconds(700)) { studio in
            let slow = Samples.png(header: (5000, 5000), data: Bombs.zeros(count: 5000 * 5001))
            await #expect { try await studio.style(slow, as: .oil) } throws: { error in
                guard case StudioError.unusablePicture(let reason) = error else { return false }
                return reason.contains("longer than")
            }
        }
    }

    private func withStudio(
        timeout: Duration = .seconds(30), _ body: (Studio) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { path in
            try await body(try await Studio.open(in: FilePath(path).appending("scratch"), timeout: timeout))
        }
    }
}
