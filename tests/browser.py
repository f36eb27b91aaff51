"""The real Chromium for tests, without a window and without a word to anybody."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

WAIT_MS = 60_000

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a profile of its own, which goes with it; a missing one fails the test."""
    program = shutil.which("chromium")
    assert program, "chromium is missing; `make test` installs it"
    with sync_playwright() as playwright:
        expect.set_options(timeout=WAIT_MS)
        browser = playwright.chromium.launch(executable_path=program, args=QUIET, timeout=2 * WAIT_MS)
        try:
            yield browser
        finally:
            browser.close()
