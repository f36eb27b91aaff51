"""A person opens the data set's pages from a folder, in the real Chromium: searches, follows a link, reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from browser import chromium
from interfocal.commands.main import run

FIRST = "index.html"
KINDS_OF_PAGE = (FIRST, "events/trace.html", "codes/weapon-class.html", "kinds.html", "region.html")


@dataclass
class Reader:
    """A person at the browser; what it loaded, and what it complained of."""

    page: Page
    folder: Path
    loaded: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto((self.folder / path).as_uri())

    def note_request(self, request: Request) -> None:
        self.loaded.append(request.url)

    def note_console(self, message: ConsoleMessage) -> None:
        self.complaints.append(message.text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pages") / "data-set"
    assert run(["schemas", "docs", str(made)]) == 0
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def reader(browser: Browser, folder: Path) -> Iterator[Reader]:
    """Everything that is loaded lies in the folder, and nothing is complained of: no script error, no blocked load."""
    context = browser.new_context()
    found = Reader(context.new_page(), folder)
    found.page.on("request", found.note_request)
    found.page.on("console", found.note_console)
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    context.close()
    assert found.loaded
    assert [url for url in found.loaded if not url.startswith(folder.as_uri())] == []
    assert found.complaints == []


def test_a_person_searches_in_another_language_and_follows_the_link(reader: Reader) -> None:
    reader.open(FIRST)
    reader.page.get_by_role("searchbox", name="Search").fill("pusca de asalt")  # Romanian, without its marks
    hits = reader.page.locator("#hits li")
    expect(hits).to_have_count(1)
    expect(reader.page.get_by_role("status")).to_have_text("1 found")
    expect(hits.first).to_contain_text("Pușcă de asalt")
    reader.page.get_by_role("link", name="assault_rifle").click()
    expect(reader.page).to_have_title("weapon-class, code list – Interfocal data set")  # noqa: RUF001  # as it stands
    expect(reader.page.locator("tr:target")).to_contain_text("Assault rifle")
    reader.page.get_by_role("link", name="seizure: Firearm.weapon_class").click()
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("seizure")
    expect(reader.page.locator("tr:target")).to_contain_text("weapon_class")


def test_the_best_comes_first_and_the_keyboard_leads_there(reader: Reader) -> None:
    reader.open("events/seizure.html")
    box = reader.page.get_by_role("searchbox", name="Search")
    box.fill("trace")
    expect(reader.page.locator("#hits li").first).to_contain_text("One message in a trace")
    expect(reader.page.get_by_role("status")).to_contain_text("the first 40 are shown")
    box.press("Enter")
    expect(reader.page.locator("#hits a").first).to_be_focused()
    reader.page.keyboard.press("Enter")
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("trace")


def test_what_is_not_there_is_said_and_escape_closes_the_search(reader: Reader) -> None:
    reader.open(FIRST)
    box = reader.page.get_by_role("searchbox", name="Search")
    box.fill("<img src=x onerror=alert(1)>")
    expect(reader.page.get_by_role("status")).to_have_text("Nothing is called that.")
    box.press("Escape")
    expect(reader.page.locator("#results")).to_be_hidden()
    expect(box).to_have_value("")


def test_a_link_to_the_same_page_closes_the_search(reader: Reader) -> None:
    reader.open("codes/weapon-class.html")
    reader.page.get_by_role("searchbox", name="Search").fill("machine_pistol")
    reader.page.locator("#hits a").first.click()
    expect(reader.page.locator("#results")).to_be_hidden()
    expect(reader.page.locator("tr:target")).to_contain_text("machine_pistol")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", KINDS_OF_PAGE)
def test_every_kind_of_page_is_accessible_in_light_and_dark(reader: Reader, path: str, scheme: str) -> None:
    reader.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    reader.open(path)
    reader.page.get_by_role("searchbox", name="Search").fill("pistol")
    checked = Axe().run(reader.page, options={"preload": False})
    assert checked.violations_count == 0, checked.generate_report()


@pytest.mark.parametrize("path", KINDS_OF_PAGE)
def test_no_page_is_wider_than_a_telephone(reader: Reader, path: str) -> None:
    reader.page.set_viewport_size({"width": 360, "height": 740})
    reader.open(path)
    assert reader.page.evaluate("document.documentElement.scrollWidth") == 360


def test_without_scripts_the_search_is_not_offered(browser: Browser, folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / FIRST).as_uri())
    expect(page.locator("#search")).to_be_hidden()
    expect(page.get_by_text("The search needs JavaScript")).to_be_visible()
    context.close()
