"""The desk and the status say where a file comes from that nobody uploaded here: as text, never as a link."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.store.tables import File, FileOrigin, OriginKind
from scanner.model import Severity
from tests.fixtures.artifacts import build_wheel
from tests.webui.desk import Says, finding
from tests.webui.test_submission_page import JSON, basic, token_of

if TYPE_CHECKING:
    from tests.webui.browser import Visitor
    from tests.webui.desk import Desk

URL = 'https://files.example/<b>"\u202edemo-1.0.whl'
BAD = Says((finding("decode-exec", Severity.CRITICAL, "x.py", 1, title="Executes what it decodes"),))
WORDS = {OriginKind.UPSTREAM: "Fetched from the upstream index", OriginKind.IMPORT: "Imported"}


@pytest.fixture
def held(desk: Desk) -> str:
    return desk.release([build_wheel("demo", "1.0", {"x.py": "x = 1\n"})], "demo", "1.0", BAD)


def put_origin(desk: Desk, submission_id: str, kind: OriginKind) -> None:
    with desk.services.database.write() as session:
        file = session.scalars(select(File).where(File.submission_id == submission_id)).one()
        session.add(
            FileOrigin(
                sha256=file.sha256,
                filename=file.filename,
                project="demo",
                kind=kind,
                url=URL,
                upload_time=datetime(2024, 5, 6, 7, 8, tzinfo=UTC),
                recorded_at=desk.now,
            )
        )


@pytest.mark.parametrize("kind", OriginKind)
@pytest.mark.parametrize(("who", "roles", "path"), [("ana", ["analyst"], "/review/"), ("maya", [], "/submissions/")])
def test_people_read_where_a_file_was_fetched(
    visitor: Visitor, desk: Desk, held: str, kind: OriginKind, *, who: str, roles: list[str], path: str
) -> None:
    put_origin(desk, held, kind)
    visitor.sign_in(desk.account(who, *roles))

    visitor.get(f"{path}{held}")

    assert f'{WORDS[kind]}: https://files.example/<b>"' in visitor.text()
    assert "uploaded there 2024-05-06 07:08 UTC" in visitor.text()
    assert "\u202e" not in visitor.text()
    assert not visitor.page.select('a[href*="files.example"], main b')


def test_a_file_that_was_uploaded_here_says_nothing_of_an_origin(visitor: Visitor, desk: Desk, held: str) -> None:
    visitor.sign_in(desk.account("ana", "analyst"))

    visitor.get(f"/review/{held}")

    assert not any(words in visitor.text() for words in ("Fetched from", "Imported", "uploaded there"))


def test_json_has_the_origin_of_each_file(visitor: Visitor, desk: Desk, held: str) -> None:
    secret = token_of(desk, "maya")
    before = visitor.get(f"/submissions/{held}", headers=JSON | basic(secret)).get_json()
    put_origin(desk, held, OriginKind.UPSTREAM)
    after = visitor.get(f"/submissions/{held}", headers=JSON | basic(secret)).get_json()

    assert [file["origin"] for file in before["files"]] == [None]
    assert [file["origin"] for file in after["files"]] == [
        {"kind": "upstream", "url": URL, "upload_time": "2024-05-06T07:08:00Z"}
    ]
