"""Drives the page as a person would, in a real browser."""

import pathlib
import tempfile

from playwright.sync_api import sync_playwright, expect

from server import DEMO, Server

HERE = pathlib.Path(__file__).resolve().parent
IMAGES = HERE.parent.parent.parent / "docs" / "images"
WALL = [
    ("hut", "The hut below the ridge", "Pencil"),
    ("lighthouse", "The last light", "Blueprint"),
    ("pears", "Three pears", "Charcoal"),
    ("harbour", "Harbour at six", "Oil paint"),
]


def run(options):
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        folder = pathlib.Path(folder)
        with Server(DEMO, folder / "data") as server:
            browser = playwright.chromium.launch(
                executable_path=options.chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
            drawings = {name: drawing(browser, name, folder) for name in ["fox", "tulips"] + [name for name, _, _ in WALL]}
            visit(browser, server, drawings, folder)
            images = IMAGES if options.keep_screenshot else folder
            images.mkdir(parents=True, exist_ok=True)
            photograph(browser, server, drawings, "light", ("tulips", "Tulips, for Ada"), images / "atelier.png")
            photograph(browser, server, drawings, "dark", ("hut", "First snow"), images / "atelier-dark.png")
            browser.close()
    print("browser: a picture was hung without a reload, for the sender and for somebody else"
          + (f"; see {images}" if options.keep_screenshot else ""))


def drawing(browser, name, folder):
    """A drawing as a PNG file."""
    page = browser.new_page()
    page.goto((HERE / "drawings" / f"{name}.svg").as_uri())
    size = page.evaluate("[document.documentElement.width.baseVal.value, document.documentElement.height.baseVal.value]")
    page.set_viewport_size({"width": int(size[0]), "height": int(size[1])})
    path = folder / f"{name}.png"
    page.screenshot(path=path)
    page.close()
    return path


def open_page(browser, server, **settings):
    """The page, connected. Whatever it complains about on its console fails the test."""
    page = browser.new_context(**settings).new_page()
    page.complaints = []
    page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (page.complaints.append("a dialog: " + dialog.message), dialog.dismiss()))
    page.goto(server.address)
    expect(page.locator("#live")).to_have_text("live")
    return page


def hang(page, path, title, style):
    page.get_by_label("Drop a picture here").set_input_files(path)
    page.get_by_label("Title").fill(title)
    page.get_by_label(style).check(force=True)
    page.get_by_role("button", name="Hang it").click()


def visit(browser, server, drawings, folder):
    sender, viewer = open_page(browser, server), open_page(browser, server)
    for page in (sender, viewer):
        expect(page.get_by_text("Nothing hangs here yet")).to_be_visible()
        page.evaluate("window.neverReloaded = true")
    # Two windows of two visitors, and a second window of one of them, who is still one person.
    for page in (sender, viewer):
        expect(page.locator("#watching")).to_have_text("2 people are watching")
    again = viewer.context.new_page()
    again.goto(server.address)
    expect(again.locator("#watching")).to_have_text("2 people are watching")
    again.close()
    hang(sender, drawings["fox"], "<script>alert(1)</script> & a fox", "Sepia")
    for page in (sender, viewer):
        card = page.locator("#gallery li").first
        expect(card).to_have_class("card ready new", timeout=30_000)
        expect(card.locator("strong")).to_have_text("<script>alert(1)</script> & a fox")
        page.wait_for_function("document.querySelector('img.styled').naturalWidth > 0")
        assert page.evaluate("window.neverReloaded"), "the page was loaded anew"
        assert page.locator("#gallery li").count() == 1
    hostile = folder / "hostile.png"
    hostile.write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    sender.get_by_label("Drop a picture here").set_input_files(hostile)
    sender.get_by_role("button", name="Hang it").click()
    expect(sender.locator("#answer")).to_have_text("This is not a PNG or a JPEG picture.")
    # The browser itself notes a refused upload; nothing else may have gone wrong.
    complaints = [text for text in sender.complaints + viewer.complaints if "415" not in text]
    assert complaints == [], complaints
    sender.close()
    expect(viewer.locator("#watching")).to_have_text("1 person is watching", timeout=30_000)
    viewer.close()


def photograph(browser, server, drawings, scheme, painting, path):
    """The page as somebody sees it who is about to hang a picture while somebody else's is being painted."""
    other = open_page(browser, server)
    if other.locator("#gallery li").count() == 1:
        for name, title, style in WALL:
            hang(other, drawings[name], title, style)
            expect(other.locator("#gallery li").first.locator("strong")).to_have_text(title)
            expect(other.locator("#gallery li").first).to_have_class("card ready new", timeout=30_000)
    page = open_page(
        browser, server, viewport={"width": 1400, "height": 1072}, color_scheme=scheme, reduced_motion="reduce")
    page.get_by_label("Drop a picture here").set_input_files(drawings["fox"])
    page.get_by_label("Title").fill("A fox in the reeds")
    page.get_by_label("Title").blur()
    page.wait_for_function("[...document.images].every(image => image.complete || image.loading === 'lazy')")
    hang(other, drawings[painting[0]], painting[1], "Oil paint")
    expect(page.locator("#gallery li").first).to_have_class("card working new", timeout=30_000)
    page.screenshot(path=path)
    expect(page.locator("#gallery li").first).to_have_class("card ready new", timeout=30_000)
    assert page.complaints + other.complaints == [], page.complaints + other.complaints
    page.close()
    other.close()
