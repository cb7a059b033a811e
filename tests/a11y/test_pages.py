"""Every page: axe in light colours, and no sideways scroll at 320 pixels. With `-m full`, everything in every mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.a11y.looking import check_colours, check_everything, check_forced_colours, check_reflow, opened
from tests.a11y.pages import EMPTY, FULL, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Opened

    from tests.a11y.conftest import Cookies
    from tests.a11y.site import Site

#: Pages that between them hold every piece that is laid out: these are looked at in every mode each time.
_TELLING: Final = frozenset({"sign-in", "queue", "release", "source", "system"})
#: Large ones, which axe takes long for: only laid out, unless everything is asked for.
_SLOW: Final = frozenset({"source-huge", "members-huge", "log"})

_OFTEN: Final = [page for page in (*FULL, *EMPTY) if page.name not in _SLOW]


@pytest.fixture
def look(request: pytest.FixtureRequest, browser: Browser, page: Page) -> Iterator[Opened]:
    """The page, on the site that it belongs to, seen by whoever it is for."""
    which = "empty" if page in EMPTY else "full"
    site: Site = request.getfixturevalue(which)
    cookies: Cookies = request.getfixturevalue(f"{which}_cookies")
    with opened(browser, site.url, page.path.format(**site.ids()), cookies.get(page.who)) as found:
        yield found


@pytest.mark.parametrize("page", _OFTEN, ids=str)
def test_every_page_is_clean_and_fits_into_320_pixels(look: Opened) -> None:
    check_everything(look)
    check_reflow(look)


@pytest.mark.parametrize("page", [page for page in FULL if page.name in _SLOW], ids=str)
def test_a_large_page_fits_into_320_pixels(look: Opened) -> None:
    check_reflow(look)


@pytest.mark.parametrize("page", [page for page in FULL if page.name in _TELLING], ids=str)
def test_the_telling_pages_are_clean_in_every_mode(look: Opened) -> None:
    check_colours(look)
    check_forced_colours(look)
    check_reflow(look)
    check_everything(look)


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", [*FULL, *EMPTY], ids=str)
def test_every_page_is_clean_in_every_mode(look: Opened) -> None:
    check_everything(look)
    check_colours(look)
    check_forced_colours(look)
    check_reflow(look)
    check_everything(look)
