"""What stands in an HTML page, as far as tests ask: its links, its ids, its text, and whatever could load or run."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

LOADING = {"src", "srcset", "href", "action", "data", "poster", "formaction"}
VOID = {"meta", "link", "input", "img", "br", "hr"}


@dataclass
class Page:
    """One page."""

    title: str = ""
    language: str = ""
    text: str = ""
    headings: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)


class Reading(HTMLParser):
    """Reads one page."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if tag == "html":
            self.page.language = said.get("lang", "")
        if "id" in said:
            self.page.ids.append(said["id"])
        kind = self.page.links if tag == "a" else self.page.loads
        kind += [value for name, value in said.items() if name in LOADING]
        self.page.inline += [name for name in said if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in said):
            self.page.inline.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.page.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        if "title" in self.open:
            self.page.title += data
        elif "h1" in self.open:
            self.page.headings.append(data)
        self.page.text += data


def read_page(html: str) -> Page:
    """A page, read."""
    reading = Reading()
    reading.feed(html)
    reading.close()
    reading.page.unclosed += reading.open
    return reading.page
