"""Chromium, the two sites, and people who are signed in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.a11y.site import Site, empty_site, full_site
from tests.webui.browser import sign_in_with
from tests.webui.cheap import hash_cheaply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import StorageState

hash_cheaply()

Cookies = dict[str, "StorageState"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--disable-dev-shm-usage"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with full_site(tmp_path_factory.mktemp("full")) as site:
        yield site


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with empty_site(tmp_path_factory.mktemp("empty")) as site:
        yield site


@pytest.fixture(scope="session")
def full_cookies(browser: Browser, full: Site) -> Cookies:
    return {
        "staff": _sign_in(browser, full, "staff", "analyst", "administrator"),
        "maintainer": _sign_in(browser, full, "noor"),
        "owner": _sign_in(browser, full, "maya"),
    }


@pytest.fixture(scope="session")
def empty_cookies(browser: Browser, empty: Site) -> Cookies:
    return {"staff": _sign_in(browser, empty, "staff", "analyst", "administrator")}


def _sign_in(browser: Browser, site: Site, name: str, *roles: str) -> StorageState:
    """The cookies of somebody who has signed in through the pages."""
    account = site.desk.account(name, *roles)
    context: BrowserContext = browser.new_context(base_url=site.url)
    sign_in_with(context.new_page(), account)
    state = context.storage_state()
    context.close()
    return state
