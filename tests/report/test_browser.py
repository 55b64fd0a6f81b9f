"""In a real browser: figures are there, nothing is fetched, and a phone scrolls one way only."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simcert.lab import report

CHROMIUM = shutil.which("chromium")
PLANTED = """<!doctype html><link rel=stylesheet href="https://a.invalid/x.css">
<style>@import "https://b.invalid/x.css";</style><script src="https://c.invalid/x.js"></script>
<img src="https://d.invalid/x.png"><script>fetch("https://e.invalid/x")</script>"""
FIGURES = """() => [...document.querySelectorAll("svg.figure")]
  .filter((s) => s.checkVisibility())
  .map((s) => {
    const box = s.getBoundingClientRect();
    const marks = [...s.querySelectorAll("path, use")];
    const seen = marks.filter((m) => m.getBoundingClientRect().width);
    return [box.width, box.height, seen.length, s.querySelectorAll("text").length];
  })"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        if "CI" in os.environ:
            pytest.fail("Chromium is missing: apt-get install chromium")
        pytest.skip("needs Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"]
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield found
        found.close()


def opened(browser: Any, path: Path, **look: Any) -> tuple[Any, list[str], list[str]]:
    """Return a loaded page, the addresses it asked a network for, and what went wrong in it."""
    page = browser.new_page(**look)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(path.resolve().as_uri(), wait_until="load")
    page.wait_for_timeout(100)
    return page, [url for url in asked if not url.startswith(("file:", "data:"))], wrong


def page_of(folder: Path) -> Path:
    """Return the report of a folder that no test changes, made once."""
    path = folder / "report.html"
    return path if path.exists() else report.write(folder)


WIDE = {"viewport": {"width": 1200, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.mark.parametrize("kind", ["a_run", "a_study"])
@pytest.mark.parametrize("look", [WIDE, {**WIDE, "color_scheme": "dark"}, PHONE], ids=str)
def test_figures_are_drawn_and_nothing_is_fetched(
    browser: Any, kind: str, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    page, asked, wrong = opened(browser, page_of(request.getfixturevalue(kind)), **look)

    drawn = page.evaluate(FIGURES)
    assert len(drawn) >= 4
    for width, height, paths, texts in drawn:
        assert min(width, height) > 80
        assert paths > 3
        assert texts > 3
    assert asked == []
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= look["viewport"]["width"]
    page.close()


def test_a_page_that_fetches_would_be_caught(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "planted.html").write_text(PLANTED)
    page, asked, _ = opened(browser, tmp_path / "planted.html", **WIDE)

    assert {url.split("/")[2] for url in asked} == {f"{c}.invalid" for c in "abcde"}
    page.close()


def test_text_can_be_read_on_a_phone(browser: Any, a_study: Path) -> None:
    page, _, _ = opened(browser, page_of(a_study), **PHONE)

    sizes = page.evaluate(
        """() => [...document.querySelectorAll("svg.figure text")]
        .filter((t) => t.checkVisibility() && t.textContent.trim())
        .map((t) => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)"""
    )
    across = [size for size in sizes if size > 0]
    assert len(across) > 20
    assert min(across) >= 9.0
    page.close()


def test_no_heading_ends_a_sheet_of_paper(browser: Any, a_study: Path) -> None:
    page, _, _ = opened(browser, page_of(a_study), **WIDE)
    page.emulate_media(media="print")

    after = page.evaluate(
        """() => [...document.querySelectorAll("h2, h3, h4")]
        .map((h) => h.tagName + " " + getComputedStyle(h).breakAfter)"""
    )
    assert {"H2 avoid", "H4 avoid"} <= set(after)
    assert all(one.endswith(" avoid") for one in after)
    page.close()


def test_ink_is_the_page_s_own_in_the_dark(browser: Any, a_run: Path) -> None:
    ink = """() => getComputedStyle(document.querySelector("svg.figure text")).fill"""
    path = page_of(a_run)
    light, _, _ = opened(browser, path, **WIDE)
    dark, _, _ = opened(browser, path, **WIDE, color_scheme="dark")

    assert light.evaluate(ink) != dark.evaluate(ink)
    light.close()
    dark.close()


def test_on_a_phone_a_row_keeps_its_name_when_its_figures_are_scrolled_to(
    browser: Any, a_study: Path
) -> None:
    page, _, _ = opened(browser, page_of(a_study), **PHONE)
    table = page.locator("#android_root_missing .scroll").first
    moved = table.evaluate("(t) => { t.scrollLeft = 9999; return t.scrollLeft }")
    name, last = table.locator("tbody tr").first.locator("td").all()[::6]

    assert moved > 100
    for cell in (name, last):
        box = cell.bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390
    page.close()


def test_a_click_sorts_a_table_by_its_numbers(browser: Any, a_study: Path) -> None:
    page, _, _ = opened(browser, page_of(a_study), **WIDE)
    table = page.locator("#android_root_missing table.sort").first
    head = table.locator("th", has_text="connections broken")

    def policies() -> list[str]:
        return [str(name) for name in table.locator("td:first-child").all_inner_texts()]

    head.click()
    head.click()

    assert policies()[0] == "fixed_linear"
    assert head.get_attribute("aria-sort") == "descending"
    page.close()
