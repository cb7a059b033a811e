"""An analyst at the review desk, without a browser: reads the pages and fills in their forms."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pyotp
import requests
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from tests.servers.instance import Instance

__all__ = ["Desk"]


class Desk:
    """A signed-in person's session."""

    def __init__(self, instance: Instance) -> None:
        self.url = instance.url
        self._session = requests.Session()
        account = instance.account
        self._sign_in(account.username, account.password, account.totp_secret)

    def _sign_in(self, username: str, password: str, secret: str) -> None:
        code_page = self.fill(self.read("/sign-in"), username=username, password=password)
        for _ in range(2):  # a code that somebody has just used is refused: the next one comes within 30 s
            done = self.fill(code_page, code=pyotp.TOTP(secret).now())
            if done.ok:
                return
            code_page = done
            time.sleep(30 - time.time() % 30 + 0.1)
        raise AssertionError(f"the second factor was refused:\n{done.text}")

    def read(self, path: str) -> requests.Response:
        """The page at `path`."""
        return self._session.get(urljoin(self.url, path), timeout=30)

    def fill(self, page: requests.Response, **values: str) -> requests.Response:
        """The answer to the page's own form, with these values typed into it."""
        soup = BeautifulSoup(page.text, "html.parser")
        form = next(form for form in soup.find_all("form") if form.select_one(f"[name='{next(iter(values))}']"))
        data = {
            str(field["name"]): str(field.get("value") or "")
            for field in form.find_all("input")
            if field.get("name") and field.get("type") == "hidden"
        }
        action = urljoin(page.url, str(form.get("action") or page.url))
        return self._session.post(action, data={**data, **values}, timeout=30, headers={"Referer": page.url})

    def case_of(self, project: str) -> requests.Response:
        """The page of the project's case in the queue.

        Raises:
            AssertionError: there is none.
        """
        queue = BeautifulSoup(self.read(f"/review/?q={project}").text, "html.parser")
        links = [str(link["href"]) for link in queue.select("main a[href^='/review/']") if project in link.get_text()]
        assert links, f"{project} is not in the queue"
        return self.read(links[0])
