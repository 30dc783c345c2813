import Testing

@testable import AtelierApp

@Suite struct HTMLTests {
    @Test func `text is escaped in content and attributes`() {
        let title = #"<script>alert("1")</script> & 'more'"#
        let html: HTML = #"<p title="\#(title)">\#(title)</p>"#
        let escaped = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;more&#39;"
        #expect(html.text == #"<p title="\#(escaped)">\#(escaped)</p>"#)
    }

    @Test func `HTML in HTML is not escaped again`() {
        let items: [HTML] = ["<li>\("a<b")</li>", "<li>\(2)</li>"]
        let html: HTML = "<ul>\(items)</ul>\("<br>" as HTML)"
        #expect(html.text == "<ul><li>a&lt;b</li><li>2</li></ul><br>")
    }

    @Test func `a quote with a combining mark is escaped too`() {
        let html: HTML = "<p title=\"\("\"\u{301} onclick=")\">"
        #expect(html.text == "<p title=\"&quot;\u{301} onclick=\">")
    }
}
