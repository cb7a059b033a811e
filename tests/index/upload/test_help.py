from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup

from index.hold.refusals import BytesRejected, FilenameTaken, NameReserved, NotPermitted, SessionUnderWay
from index.upload.faults import Code
from index.upload.help import errors_page, to_html
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


def test_an_installed_package_has_the_page(tmp_path: Path) -> None:
    """The wheel is built from this checkout, and its own module finds the page with no checkout beside it."""
    root = Path(__file__).resolve().parents[3]
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with ZipFile(wheel) as archive:
        archive.extractall(installed, [name for name in archive.namelist() if name.startswith("index/")])
    code = "from index.upload import help; print(help.__file__); print(len(help.errors_page() or b''))"
    environment = {"PYTHONPATH": str(installed)}
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True)
    place, length = ran.stdout.decode().split()
    assert place.startswith(str(installed))
    assert int(length) == len(errors_page() or b"") > 10_000


def test_text_is_text() -> None:
    assert to_html("# A <b>\n\nx `a<b>` & y") == "<h1>A &lt;b&gt;</h1>\n<p>x <code>a&lt;b&gt;</code> &amp; y</p>\n"
