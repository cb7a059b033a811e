from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from index.hold.refusals import BytesRejected, FilenameTaken, NameReserved, NotPermitted, SessionUnderWay
from index.upload.faults import Code
from index.upload.help import to_html
from scanner.archive import Code as ArchiveCode
from scanner.archive import Fault

if TYPE_CHECKING:
    from flask import Flask

REFUSALS = (BytesRejected, FilenameTaken, NameReserved, NotPermitted, SessionUnderWay)
CODES = [*Code, *ArchiveCode, *(each.code for each in REFUSALS)]


@pytest.fixture
def page(app: Flask) -> BeautifulSoup:
    answer = app.test_client().get("/help/upload-errors")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    return BeautifulSoup(answer.text, "html.parser")


def test_every_code_of_a_refusal_has_a_heading_where_its_link_leads(page: BeautifulSoup) -> None:
    for code in CODES:
        anchor = Fault(str(code), "").anchor.partition("#")[2]
        heading = page.find(id=anchor)
        assert heading is not None, code
        assert heading.get_text() == code
        following = heading.find_next_sibling()
        assert following is not None
        assert following.name == "p", f"{code} is explained in words"


def test_no_heading_explains_a_code_that_nobody_uses(page: BeautifulSoup) -> None:
    assert {each.get_text() for each in page.find_all("h3")} == {str(code) for code in CODES}


def test_text_is_text() -> None:
    assert to_html("# A <b>\n\nx `a<b>` & y") == "<h1>A &lt;b&gt;</h1>\n<p>x <code>a&lt;b&gt;</code> &amp; y</p>\n"
