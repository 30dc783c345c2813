/// A picture as it hangs on the wall.
enum PictureCard {
    static func html(_ picture: Picture) -> HTML {
        """
        <li class="card \(picture.state.rawValue)" id="picture-\(picture.id)" data-state="\(picture.state.rawValue)">
        <figure\(picture.state == .ready ? " tabindex=\"0\"" as HTML : "")>
        <div class="frame">\(content(picture))</div>
        <figcaption><strong dir="auto">\(picture.title)</strong><span>\(caption(picture))</span></figcaption>
        </figure>
        </li>

        """
    }

    private static func content(_ picture: Picture) -> HTML {
        switch picture.state {
        case .working:
            """
            <svg class="blank" viewBox="0 0 \(picture.width) \(picture.height)" width="\(picture.width)" \
            height="\(picture.height)" aria-hidden="true"></svg>\
            <span class="brush" aria-hidden="true"></span>
            """
        case .ready:
            """
            <img class="styled" src="/pictures/\(picture.id)/styled" width="\(picture.width)" height="\(picture.height)" \
            alt="\(picture.title), as \(picture.style.label)">\
            <img class="original" src="/pictures/\(picture.id)/original" width="\(picture.width)" \
            height="\(picture.height)" loading="lazy" alt="">
            """
        case .failed:
            """
            <p class="sorry">This picture could not be read.</p>
            """
        }
    }

    private static func caption(_ picture: Picture) -> HTML {
        switch picture.state {
        case .working: "\(picture.style.label), being made …"
        case .ready: "\(picture.style.label), \(picture.width) × \(picture.height)"
        case .failed: "\(picture.style.label), not made"
        }
    }
}
