"""With the keyboard alone, without JavaScript, and when something goes wrong."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import expect

from index.store.tables import SubmissionState
from scanner.model import Severity
from tests.a11y.looking import NARROW, check_colours, check_everything, check_reflow, opened
from tests.fixtures.artifacts import build_wheel
from tests.webui.desk import Says, finding

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.a11y.conftest import Cookies
    from tests.a11y.site import Site

_GOLDEN: Final = Path(__file__).parent / "golden"

#: What has the focus: its name, and whether a person sees that it has it.
_FOCUSED: Final = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const inline = style.display === "inline" && element.matches("a");
  const [x, y] = [box.left + Math.min(box.width / 2, 40), box.top + Math.min(box.height / 2, 10)];
  const middle = document.elementFromPoint(x, y);
  const name = element.id || element.getAttribute("aria-label") || element.textContent.trim();
  return {
    name: `${element.tagName} ${name.slice(0, 60)}`,
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    covered: !(middle && (element.contains(middle) || middle.contains(element))),
    small: !inline && (box.width < 24 || box.height < 24),
  };
}"""

BAD: Final = Says((finding("download-exec", Severity.CRITICAL, "x.py", 1, title="Runs what it downloads"),))


def held(site: Site, name: str) -> str:
    """A release that waits for a decision."""
    wheel = build_wheel(name, "1.0", {"x.py": "x = 1\n"})
    return site.desk.release([wheel], name, "1.0", BAD, by="lea")


_FIRST: Final = "A Skip to content"


def walk(page: Page, key: str, *, until: str = "") -> list[dict[str, Any]]:
    """Every stop with the key, until the page is left or the stop of that name is reached."""
    stops: list[dict[str, Any]] = []
    for _ in range(400):
        page.keyboard.press(key)
        stop = page.evaluate(_FOCUSED)
        if stop["name"].startswith(("BODY", "HTML")):
            return stops
        stops.append(stop)
        if stop["name"] == until:
            return stops
    raise AssertionError("the page holds the keyboard")


@pytest.mark.parametrize("path", ["/review/?q=colours", "/review/{first}", "/sign-in"])
def test_the_keyboard_reaches_everything_and_is_seen_where_it_is(
    browser: Browser, full: Site, full_cookies: Cookies, path: str
) -> None:
    cookies = None if path == "/sign-in" else full_cookies["staff"]
    with opened(browser, full.url, path.format(**full.ids()), cookies, reduced_motion="reduce") as page:
        forward = walk(page, "Tab")
        assert forward[0]["name"] == _FIRST
        for stop in forward:
            assert stop["outline"] >= 2, stop
            assert not stop["covered"], stop
            assert not stop["small"], stop
        backward = walk(page, "Shift+Tab", until=_FIRST)
        assert [stop["name"] for stop in reversed(backward)] == [stop["name"] for stop in forward]


def test_a_whole_decision_with_the_keyboard(browser: Browser, full: Site, full_cookies: Cookies) -> None:
    submission = held(full, "keyboard-example")
    with opened(browser, full.url, f"/review/{submission}", full_cookies["staff"], reduced_motion="reduce") as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the decision")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#decision")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("radio", name="Approve")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("radio", name="Reject")).to_be_checked()
        page.keyboard.press("Tab")
        page.keyboard.type("It starts a program when it is imported.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("keyboard-example 1.0: Rejected. Nothing is published.")
    assert full.desk.state(submission) is SubmissionState.REJECTED


def test_what_is_missing_takes_the_focus_and_leads_to_its_field(
    browser: Browser, full: Site, full_cookies: Cookies
) -> None:
    with opened(browser, full.url, f"/review/{full.ids()['first']}", full_cookies["staff"]) as page:
        page.get_by_role("button", name="Decide").click()
        expect(page).to_have_title("Error: quick-loader 0.1 \u2013 Pratique")
        expect(page.locator("#errors")).to_be_focused()
        check_everything(page)
        page.get_by_role("link", name="Write a reason.").click()
        expect(page.get_by_label("Reason")).to_be_focused()
        check_colours(page)
        check_reflow(page)
        check_everything(page)


def test_a_conflict_keeps_what_was_typed_and_is_clean(browser: Browser, full: Site, full_cookies: Cookies) -> None:
    submission = held(full, "conflict-example")
    with opened(browser, full.url, f"/review/{submission}", full_cookies["staff"]) as page:
        page.get_by_label("Approve").check()
        page.get_by_label("Reason").fill("I have read every line.")
        full.desk.receive(
            build_wheel("conflict-example", "1.0", {"x.py": "x = 1\n"}, tag="py2-none-any"),
            "conflict-example",
            "1.0",
            BAD,
            by="lea",
        )
        full.desk.settle()
        page.get_by_role("button", name="Decide").click()
        expect(page.get_by_role("heading", name="Nothing was decided")).to_be_visible()
        expect(page.locator("#refused")).to_be_focused()
        expect(page.get_by_label("Reason")).to_have_value("I have read every line.")
        expect(page.get_by_label("Approve")).to_be_checked()
        check_everything(page)
        check_reflow(page)


def test_wrong_sign_in_is_clean(browser: Browser, full: Site) -> None:
    with opened(browser, full.url, "/sign-in", None) as page:
        page.get_by_label("Username or email address").fill("nobody")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("#errors")).to_be_focused()
        check_everything(page)
        check_colours(page)


def test_without_javascript_a_release_is_found_read_and_decided(
    browser: Browser, full: Site, full_cookies: Cookies
) -> None:
    submission = held(full, "plain-example")
    with opened(
        browser, full.url, "/review/", full_cookies["staff"], java_script_enabled=False, viewport=NARROW
    ) as page:
        page.get_by_label("Project name contains").fill("plain-example")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="plain-example 1.0").click()
        page.get_by_role("link", name="x.py:1").first.click()
        expect(page.locator("#L1")).to_contain_text("x = 1")
        page.go_back()
        page.get_by_role("link", name="Go to the decision").click()
        page.get_by_label("Approve").check()
        page.get_by_label("Reason").fill("It is an example.")
        page.get_by_role("button", name="Decide").click()
        expect(page.get_by_role("status")).to_have_text("plain-example 1.0: Approved. The release is published.")
    assert full.desk.state(submission) is SubmissionState.PUBLISHED


def test_text_may_be_spaced_wider_without_loss(browser: Browser, full: Site, full_cookies: Cookies) -> None:
    """WCAG 1.4.12: nothing is cut off when a reader sets wider spacing."""
    sheet = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
    with opened(browser, full.url, f"/review/{full.ids()['update']}", full_cookies["staff"], bypass_csp=True) as page:
        page.add_style_tag(content=sheet)
        check_reflow(page)
        cut = page.evaluate(
            "[...document.querySelectorAll('button, h1, h2, h3, .chip, label')]"
            ".filter(e => getComputedStyle(e).display !== 'inline' && e.clientWidth > 0)"
            ".filter(e => e.scrollWidth > e.clientWidth + 1)"
            ".map(e => e.textContent)"
        )
        assert cut == []


@pytest.mark.parametrize(("name", "path"), [("queue", "/review/?q=colours"), ("release", "/review/{update}")])
def test_what_a_screen_reader_hears_is_what_was_agreed(
    browser: Browser, full: Site, full_cookies: Cookies, name: str, path: str
) -> None:
    """The accessibility tree, as text that can be reviewed. `UPDATE_GOLDEN=1` writes it anew."""
    with opened(browser, full.url, path.format(**full.ids()), full_cookies["staff"]) as page:
        heard = page.locator("main").aria_snapshot()
    for pattern, word in (
        (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "SUBMISSION"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC\b", "WHEN"),
        (r"\b(\d+ (day|hour|minute)s? ago|just now)\b", "AGO"),
        (r"\b[0-9a-f]{64}\b", "SHA256"),
        (r'(?<=link ")(In review|Being inspected|Receiving files|Rejected|Withdrawn|Published|Canceled) \d+', r"\1 N"),
    ):
        heard = re.sub(pattern, word, heard)
    place = _GOLDEN / f"{name}.yml"
    if os.environ.get("UPDATE_GOLDEN"):
        place.parent.mkdir(exist_ok=True)
        place.write_text(heard + "\n", encoding="utf-8")
    assert heard + "\n" == place.read_text(encoding="utf-8")
