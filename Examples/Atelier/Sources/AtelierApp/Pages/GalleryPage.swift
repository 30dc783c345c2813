import LiteCable

/// The one page: the desk with the form, and the wall with the pictures.
enum GalleryPage {
    /// The wall. It depends on the pictures alone, so it can be cached.
    static func wall(_ pictures: [Picture]) -> HTML {
        """
        <ol id="gallery">
        \(pictures.map(PictureCard.html))</ol>
        """
    }

    /// The page around a wall. Its script goes on from `cursor`: what was published behind it is not on the wall.
    static func html(wall: HTML, cursor: Cable.Cursor, assets: Assets) -> HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Atelier</title>
        <link rel="icon" href="\(assets.path(of: "icon.svg"))" type="image/svg+xml">
        <link rel="stylesheet" href="\(assets.path(of: "style.css"))">
        <script type="module" src="\(assets.path(of: "script.js"))"></script>
        </head>
        <body data-cursor="\(cursor)">
        <header>
        <a class="brand" href="/"><img src="\(assets.path(of: "icon.svg"))" width="30" height="30" alt="">Atelier</a>
        <p id="watching" aria-live="polite"></p>
        <p id="live" role="status">connecting</p>
        </header>
        <main>
        <section class="desk" aria-labelledby="invitation">
        <div class="words">
        <h1 id="invitation">Bring a drawing.<br><em>We hang it in paint.</em></h1>
        <p>Choose a picture and a style. Both are stored and queued in one step; a painter in the back room does the \
        rest, and it appears on everybody's wall without a reload.</p>
        </div>
        <form id="upload">
        <label class="drop">
        <input type="file" name="picture" accept="image/png,image/jpeg" required>
        <img id="preview" alt="" hidden>
        <span><b>Drop a picture here</b> or choose a file<small>PNG or JPEG, up to 5 MiB</small></span>
        </label>
        <div class="fields">
        <label class="title">Title
        <input name="title" maxlength="\(PictureTitle.maximumLength)" placeholder="Untitled" autocomplete="off">
        </label>
        <fieldset>
        <legend>Style</legend>
        \(PictureStyle.allCases.map { choice($0, assets) })</fieldset>
        <p class="send"><button>Hang it</button><output id="answer"></output></p>
        </div>
        </form>
        <noscript><p>Sending pictures needs JavaScript; looking at them does not.</p></noscript>
        </section>
        <section class="wall" aria-labelledby="on-the-wall">
        <h2 id="on-the-wall">On the wall</h2>
        \(wall)
        <p class="empty">Nothing hangs here yet. The first picture could be yours.</p>
        </section>
        </main>
        <footer>
        <p>One process and a folder of SQLite files: pictures, jobs, messages and cache. Made with LiteStack.</p>
        </footer>
        </body>
        </html>

        """
    }

    private static func choice(_ style: PictureStyle, _ assets: Assets) -> HTML {
        """
        <label><input type="radio" name="style" value="\(style.rawValue)"\(style == .oil ? " checked" as HTML : "")>\
        <img src="\(assets.path(of: "\(style.rawValue).jpg"))" width="88" height="66" alt=""><span>\(style.label)</span></label>

        """
    }
}
