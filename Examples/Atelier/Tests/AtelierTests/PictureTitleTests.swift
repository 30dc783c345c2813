import Testing

@testable import AtelierApp

@Suite struct PictureTitleTests {
    @Test func `a title is one line without control characters`() {
        #expect(PictureTitle.cleaned(" The\u{0}  old\r\n\tmill\u{7F} ") == "The old mill")
    }

    @Test func `characters that turn the direction of what follows are removed, emoji stay whole`() {
        #expect(PictureTitle.cleaned("cat\u{202E}gnp.exe") == "cat gnp.exe")
        #expect(PictureTitle.cleaned("👩‍🎨 at work") == "👩‍🎨 at work")
    }

    @Test(arguments: [nil, "", " \n ", "\u{1}\u{2}"])
    func `a title of nothing is Untitled`(title: String?) {
        #expect(PictureTitle.cleaned(title) == "Untitled")
    }

    @Test func `a title is cut at 80 characters, and one of a million combining marks costs little`() {
        #expect(PictureTitle.cleaned(String(repeating: "ä", count: 500)) == String(repeating: "ä", count: 80))
        let zalgo = PictureTitle.cleaned("a" + String(repeating: "\u{301}", count: 1_000_000))
        #expect(zalgo.unicodeScalars.count <= 4 * PictureTitle.maximumLength)
    }

    @Test(arguments: ["@/etc/passwd", "<script>", "'; DROP TABLE pictures; --", "%s%n", "$(id)"])
    func `text that means something to a program stays the text that it is`(title: String) {
        #expect(PictureTitle.cleaned(title) == title)
    }
}
