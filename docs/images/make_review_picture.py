"""Makes `review.png`, the picture of the release page in the README. Run it with the Python of `.venv`.

It needs Chromium and what the tests need; the release on it is the made-up one of the tests, with the rules that are
in this checkout.
"""

# ruff: noqa: INP001 # a script
from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent.parent))

from playwright.sync_api import sync_playwright  # noqa: E402 # the checkout must be on the path first

from tests.a11y.site import full_site  # noqa: E402
from tests.webui.browser import sign_in_with  # noqa: E402


def main() -> None:
    """The picture lies beside this script."""
    with (
        tempfile.TemporaryDirectory() as folder,
        full_site(Path(folder), many=False) as site,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_context(
            base_url=site.url, viewport={"width": 1280, "height": 1000}, color_scheme="light"
        ).new_page()
        sign_in_with(page, site.desk.account("ana", "analyst"))
        page.goto(f"/review/{site.ids()['update']}")
        page.get_by_label("Reject").check()
        page.get_by_label("Reason").fill("It sends your users' tokens to a host. Remove _settings().")
        page.evaluate("document.activeElement.blur()")
        page.screenshot(path=_HERE / "review.png")
        browser.close()


if __name__ == "__main__":
    main()
