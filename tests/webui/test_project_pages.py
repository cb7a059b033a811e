"""Project pages and the search, as everybody sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.store.tables import File, MembershipRole
from scanner.model import Severity
from tests.fixtures.artifacts import build_wheel, core_metadata
from tests.webui.desk import Says, finding

if TYPE_CHECKING:
    from tests.webui.browser import Visitor
    from tests.webui.desk import Desk


def publish(desk: Desk, name: str = "demo", version: str = "1.0", **metadata: str) -> str:
    wheel = build_wheel(name, version, {"demo.py": "VALUE = 1\n"})
    submission = desk.release([wheel], name, version)
    if metadata:
        with desk.services.database.write() as session:
            file = session.query(File).filter_by(submission_id=submission).one()
            file.metadata_bytes = core_metadata(name, version, metadata)
    return submission


def test_a_project_page_says_what_there_is_and_why(desk: Desk, visitor: Visitor) -> None:
    welcome = "# Welcome\n\n[docs](https://docs.example.invalid/)\n"
    publish(desk, Description=welcome, **{"Description-Content-Type": "text/markdown"})
    answer = visitor.get("/project/demo/")

    assert answer.status_code == 200
    text = visitor.text()
    assert "An example named demo" in text
    assert "Inspected and found clear on" in text
    assert "under ruleset c0dec0dec0de" in text
    assert "Welcome docs (https://docs.example.invalid/)" in text
    assert "Source: https://code.example.invalid/project" in text
    hrefs = {str(link["href"]) for link in visitor.page.select("main a")}
    assert all(href.startswith("/") for href in hrefs)
    assert any(href.startswith("/files/") for href in hrefs)
    assert visitor.page.select("main img, main script, main iframe") == []


def test_an_approved_release_says_so(desk: Desk, visitor: Visitor) -> None:
    bad = Says((finding("download-exec", Severity.CRITICAL, "demo.py", 1),))
    submission = desk.release([build_wheel("demo", "1.0", {"demo.py": "x = 1\n"})], "demo", "1.0", bad)
    assert visitor.get("/project/demo/").status_code == 404

    desk.decide(submission, "approve", "It is an example.")
    visitor.get("/project/demo/")
    assert "Approved by an analyst on" in visitor.text()
    assert "found clear" not in visitor.text()
    assert "download-exec" not in visitor.text().lower()


def test_other_spellings_lead_to_the_page(desk: Desk, visitor: Visitor) -> None:
    answer = visitor.get("/project/De_Mo/1.0/")

    assert (answer.status_code, answer.location) == (301, "/project/de-mo/1.0/")


def test_an_older_release_points_to_the_newest(desk: Desk, visitor: Visitor) -> None:
    publish(desk, version="1.0")
    publish(desk, version="2.0")

    assert "There is a newer release" in (visitor.get("/project/demo/1.0/"), visitor.text())[1]
    assert "There is a newer release" not in (visitor.get("/project/demo/2.0/"), visitor.text())[1]
    assert visitor.get("/project/demo/3.0/").status_code == 404


def test_a_description_that_is_no_markup_is_shown_as_it_is(desk: Desk, visitor: Visitor) -> None:
    publish(desk, Description="<b>bold</b>\n", **{"Description-Content-Type": "text/plain"})
    visitor.get("/project/demo/")

    assert "<b>bold</b>" in visitor.text("pre.letter")


def test_members_find_the_way_to_their_project_and_others_do_not(desk: Desk, visitor: Visitor) -> None:
    publish(desk)
    visitor.get("/project/demo/")
    assert "Manage this project" not in visitor.text()
    desk.join("noor", "demo", MembershipRole.MAINTAINER)
    visitor.sign_in(desk.account("noor"))
    visitor.get("/project/demo/")
    assert "Manage this project" in visitor.text()
    visitor.get("/")
    assert "demo" in visitor.text("section[aria-labelledby=projects]")


def test_the_search_finds_what_is_published_and_keeps_the_words(desk: Desk, visitor: Visitor) -> None:
    publish(desk)
    visitor.get("/search?q=demo")
    assert "demo 1.0" in visitor.text()
    visitor.get("/search?q=%3Cscript%3E&page=x")
    assert "No published project has “<script>”" in visitor.text()
