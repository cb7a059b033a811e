"""RSS, figures, and what every site is asked for."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from xml.etree.ElementTree import fromstring

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from index.clock import utcnow
from index.publish.release import refresh_page, unpublish
from index.settings import Settings
from index.store.tables import File, Listing, Submission, SubmissionState
from tests.fixtures.releases import NOW, seed

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from index.services import Services


def items(client: FlaskClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.content_type == "application/rss+xml; charset=utf-8"
    root = fromstring(answer.data)
    assert (root.tag, root.attrib) == ("rss", {"version": "2.0"})
    return [{child.tag: child.text or "" for child in item} for item in root.iter("item")]


def test_the_feeds_tell_of_releases_and_of_projects(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="demo")
    seed(services, tmp_path, project="other")
    seed(services, tmp_path, project="demo", version="2.0")
    seed(services, tmp_path, project="held", state=SubmissionState.IN_REVIEW)

    releases = items(client, "/rss/updates.xml")
    assert [item["title"] for item in releases] == ["demo 2.0", "other 1.0", "demo 1.0"]
    assert releases[0]["link"] == "http://127.0.0.1:8000/project/demo/2.0/"
    assert parsedate_to_datetime(releases[0]["pubDate"]) == NOW
    projects = items(client, "/rss/packages.xml")
    assert sorted(item["title"] for item in projects) == ["demo", "other"]


def test_a_feed_stays_xml_whatever_a_summary_holds(client: FlaskClient, services: Services, tmp_path: Path) -> None:
    seed(services, tmp_path, project="demo")
    hostile = "\x08</description><script> & \ufffe ]]>"
    metadata = f"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nSummary: {hostile}\n".encode()
    with services.database.write() as session:
        file = session.query(File).one()
        file.metadata_bytes = metadata
        refresh_page(session, file.submission.release.project, now=NOW, public_url="", why="test")

    for path in ("/rss/updates.xml", "/rss/packages.xml"):
        (item,) = items(client, path)
        assert item["description"] == "\ufffd</description><script> & \ufffd ]]>"


NOT_DOWNLOADED = {"downloads": 0, "downloads_30_days": 0}


def test_the_feeds_and_figures_forget_what_is_withdrawn(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    stays = seed(services, tmp_path, project="demo")
    goes = seed(services, tmp_path, project="demo", version="2.0")
    assert client.get("/stats").json == {
        "projects": 1,
        "releases": 2,
        "files": 2,
        "bytes": len(stays.data) + len(goes.data),
        **NOT_DOWNLOADED,
    }

    with services.database.write() as session:
        submission = session.get_one(Submission, goes.submission_id)
        submission.state = SubmissionState.WITHDRAWN
        unpublish(session, submission, now=NOW, public_url="")
    assert [item["title"] for item in items(client, "/rss/updates.xml")] == ["demo 1.0"]
    figures = {"projects": 1, "releases": 1, "files": 1, "bytes": len(stays.data)}
    assert client.get("/stats").json == figures | NOT_DOWNLOADED
    with services.database.read() as session:
        assert session.get_one(Listing, "demo").version == "1.0"


def test_an_empty_index_has_feeds_and_figures(client: FlaskClient) -> None:
    assert items(client, "/rss/updates.xml") == items(client, "/rss/packages.xml") == []
    assert client.get("/stats").json == {"projects": 0, "releases": 0, "files": 0, "bytes": 0} | NOT_DOWNLOADED


def test_an_unchanged_feed_is_304(client: FlaskClient) -> None:
    for path in ("/rss/updates.xml", "/stats"):
        etag = client.get(path).headers["ETag"]
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_robots_are_kept_from_what_leads_nowhere(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()

    assert lines[0] == "User-agent: *"
    assert "Disallow: /review/" in lines
    assert not any(line.endswith(" /") or "/project" in line for line in lines)


def test_without_a_contact_there_is_no_security_txt(client: FlaskClient) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404


def test_security_txt_has_what_the_rfc_demands(client: FlaskClient, services: Services) -> None:
    services.settings = services.settings.model_copy(
        update={"security_contact": "mailto:safe@example.org", "public_url": "https://index.example.org"}
    )
    answer = client.get("/.well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())

    assert answer.content_type == "text/plain; charset=utf-8"
    assert fields["Contact"] == "mailto:safe@example.org"
    assert fields["Canonical"] == "https://index.example.org/.well-known/security.txt"
    assert utcnow() < datetime.fromisoformat(fields["Expires"]) < utcnow() + timedelta(days=365)


@pytest.mark.parametrize("contact", ["safe@example.org", "http://example.org", "mailto:a\nExpires: never"])
def test_a_contact_that_is_no_uri_is_refused_at_the_start(tmp_path: Path, contact: str) -> None:
    with pytest.raises(ValidationError, match="security_contact"):
        Settings(data=tmp_path, security_contact=contact)


def test_the_feed_of_changes_is_signed_with_the_published_key(
    client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    seed(services, tmp_path, project="demo")
    (published,) = client.get("/.well-known/pratique-key").json["keys"]  # type: ignore[index] # it is JSON
    answer = client.get("/changes/")
    key = Ed25519PublicKey.from_public_bytes(b64decode(published["public_key"]))
    signature = b64decode(answer.headers["Pratique-Signature"])

    assert (published["algorithm"], published["id"]) == ("ed25519", answer.headers["Pratique-Key-Id"])
    key.verify(signature, answer.data)
    with pytest.raises(InvalidSignature):
        key.verify(signature, answer.data + b" ")
