"""What is asked of every page: axe finds nothing, and nothing scrolls sideways."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, StorageState

__all__ = ["NARROW", "WIDE", "check_colours", "check_everything", "check_forced_colours", "check_reflow", "opened"]

WIDE: Final = {"width": 1280, "height": 900}
NARROW: Final = {"width": 320, "height": 640}

_TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_KINDS: Final = ["violations", "incomplete"]
_ALL_RULES: Final[dict[str, Any]] = {"runOnly": {"type": "tag", "values": _TAGS}, "resultTypes": _KINDS}
_CONTRAST: Final[dict[str, Any]] = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": _KINDS}
#: In forced colours every colour is the reader's own, and axe compares ours.
_FORCED: Final[dict[str, Any]] = {**_ALL_RULES, "rules": {"color-contrast": {"enabled": False}}}

#: Rules that axe could not judge somewhere, with the reason why that is no fault. None is needed at present.
_MAY_BE_INCOMPLETE: Final[dict[str, str]] = {}


@contextmanager
def opened(browser: Browser, url: str, path: str, cookies: StorageState | None, **options: Any) -> Iterator[Page]:
    """The page at `path`. Whatever its console says, but for the page's own status, is a failure."""
    context = browser.new_context(base_url=url, storage_state=cookies, **({"viewport": WIDE} | options))
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path)
    yield page
    context.close()
    status = "Failed to load resource: the server responded with a status of"
    assert [one for one in complaints if not one.startswith(status)] == []


def check_everything(page: Page) -> None:
    """No rule of axe is broken, and none is left without a judgement."""
    _judge(page, _ALL_RULES)


def check_colours(page: Page) -> None:
    """All text has its contrast in the dark theme, too."""
    page.emulate_media(color_scheme="dark")
    _judge(page, _CONTRAST)
    page.emulate_media(color_scheme="light")


def check_forced_colours(page: Page) -> None:
    """Nothing is lost where the reader's own colours replace ours."""
    page.emulate_media(forced_colors="active")
    _judge(page, _FORCED)
    page.emulate_media(forced_colors="none")


def check_reflow(page: Page) -> None:
    """At 320 pixels the page is no wider than its window."""
    page.set_viewport_size({"width": 320, "height": 640})
    wide, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= window


def _judge(page: Page, options: dict[str, Any]) -> None:
    found = Axe().run(page, options=options).response
    problems = [
        f"{kind}: {rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for kind in _KINDS
        for rule in found[kind]
        if kind == "violations" or rule["id"] not in _MAY_BE_INCOMPLETE
        for node in rule["nodes"][:3]
    ]
    assert not problems, "\n".join(problems)
