"""Somebody who reads pages and fills in forms, through Flask's test client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp
from bs4 import BeautifulSoup, Tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from playwright.sync_api import Page
    from werkzeug.test import TestResponse

    from index.accounts.people import NewUser

__all__ = ["Visitor", "sign_in_with"]


class Visitor:
    """One browser with its cookies."""

    def __init__(self, app: Flask, *, address: str = "127.0.0.1") -> None:
        self._client = app.test_client()
        self._client.environ_base["REMOTE_ADDR"] = address
        self.last: TestResponse | None = None

    def get(self, path: str, **more: object) -> TestResponse:
        """The answer; redirects are not followed."""
        self.last = self._client.get(path, buffered=True, **more)
        return self.last

    def post(self, path: str, data: Mapping[str, object] | None = None, **more: object) -> TestResponse:
        """The answer to a form that nobody has filled in: it has no CSRF token unless `data` has."""
        self.last = self._client.post(path, data=data, buffered=True, **more)
        return self.last

    @property
    def page(self) -> BeautifulSoup:
        """The page of the last answer."""
        assert self.last is not None
        return BeautifulSoup(self.last.get_data(), "html.parser")

    def text(self, selector: str = "main") -> str:
        """The words in the first element that matches, with single spaces."""
        found = self.page.select_one(selector)
        assert found is not None, f"no {selector} in {self.page}"
        return " ".join(found.get_text(" ").split())

    def submit(self, path: str, **fields: str) -> TestResponse:
        """The form of the last page that posts to `path` is sent, filled in with `fields`."""
        form = self.page.select_one(f'form[action="{path}"]')
        assert form is not None, f"no form posts to {path}"
        given = {_name(field): str(field.get("value", "")) for field in form.select("input[type=hidden]")}
        return self.post(path, given | fields)

    def sign_in(self, account: NewUser) -> None:
        """The account is signed in, with its second factor where it has one."""
        self.get("/sign-in")
        self.submit("/sign-in", username=account.user.username, password=account.password)
        if account.totp_secret:
            self.get("/sign-in/code")
            self.submit("/sign-in/code", code=pyotp.TOTP(account.totp_secret).now())
        assert self.last is not None
        assert self.last.status_code == 303, self.text()


def _name(field: Tag) -> str:
    return str(field["name"])


def sign_in_with(page: Page, account: NewUser) -> None:
    """A real browser's page is signed in, through the forms."""
    page.goto("/sign-in")
    page.get_by_label("Username or email address").fill(account.user.username)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Continue").click()
    if account.totp_secret:
        page.get_by_label("Code").fill(pyotp.TOTP(account.totp_secret).now())
        page.get_by_role("button", name="Sign in").click()
    page.get_by_text(f"Signed in as {account.user.username}").wait_for()
