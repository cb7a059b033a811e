"""An import: every file goes the way of an upload, once, however often it is begun."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.accounts.permissions import Person
from index.clock import utcnow
from index.hold.decisions import reject
from index.mirror.importing import Came, Imported, import_all
from index.mirror.shelves import Folder, OtherIndex
from index.mirror.source import Source, SourceClient
from index.mirror.upstream import source_limits
from index.store.tables import File, FileOrigin, LogEntry, Membership, Project, Submission, User
from index.upload.auth import Uploader
from tests.fixtures.artifacts import Artifact, benign_release
from tests.index.mirror.conftest import wheel
from tests.servers.simple_index import LONG_AGO, Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from index.mirror.shelves import Collection
    from tests.index.mirror.conftest import Mirror


@pytest.fixture
def here(make_mirror: Callable[..., Mirror]) -> Mirror:
    """An index without an upstream, and without a worker."""
    return make_mirror(upstream_url="", worker=False, settle_seconds=10, upload_max_bytes=100_000)


def importer(here: Mirror, name: str = "ada") -> Uploader:
    user = here.world.user(name)
    return Uploader(token_id=None, user=Person(user.id, name, frozenset(), second_factor=False), project=None)


def run(here: Mirror, collection: Collection, *, by: str = "ada") -> dict[str, Imported]:
    """What became of each file."""
    return {one.what: one for one in import_all(here.services, collection, importer(here, by))}


@contextmanager
def elsewhere_of(here: Mirror, *projects: str) -> Iterator[OtherIndex]:
    limits = source_limits(here.services.settings, file_bytes=here.services.settings.upload_max_bytes)
    client = SourceClient(Source.parse(here.elsewhere.url), limits)
    try:
        yield OtherIndex(client, frozenset(projects))
    finally:
        client.close()


def settled(here: Mirror) -> None:
    """What has come is inspected, and its time of settling is over."""
    here.world.now = utcnow()
    here.world.settle()
    here.world.inspect_all()
    here.world.settle()


def came(outcome: dict[str, Imported]) -> dict[str, Came]:
    return {what: one.came for what, one in outcome.items()}


def put(folder: Path, *artifacts: Artifact) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    for artifact in artifacts:
        (folder / artifact.filename).write_bytes(artifact.data)
    return [artifact.filename for artifact in artifacts]


def test_the_files_of_a_folder_are_held_and_then_published(here: Mirror, tmp_path: Path) -> None:
    names = put(tmp_path / "shelf" / "deep", *benign_release())

    outcome = run(here, Folder(tmp_path / "shelf", 100_000))
    pages = [here.get("/simple/tidy-example/").status_code]
    settled(here)
    pages.append(here.get("/simple/tidy-example/").status_code)

    assert came(outcome) == dict.fromkeys(names, Came.RECEIVED)
    assert pages == [404, 200]
    with here.services.database.read() as session:
        assert session.query(Submission).count() == 1
        owner = session.scalars(select(User).join(Membership, Membership.user_id == User.id)).one()
    assert owner.username == "ada"


def test_the_files_of_another_index_come_with_their_origin(here: Mirror) -> None:
    file = here.elsewhere.put(wheel())

    with elsewhere_of(here) as other:
        outcome = run(here, other)

    assert came(outcome) == {file.filename: Came.RECEIVED}
    with here.services.database.read() as session:
        origin = session.scalars(select(FileOrigin)).one()
        actor = session.scalars(select(LogEntry.actor).where(LogEntry.action == "file.received")).one()
    assert (origin.kind, origin.upload_time, actor) == ("import", LONG_AGO, "system:operator")
    assert origin.url.endswith(f"/{file.sha256}/{file.filename}")


def test_the_time_of_an_upload_elsewhere_is_a_fact_and_the_page_has_the_publication(here: Mirror) -> None:
    file = here.elsewhere.put(wheel())
    with elsewhere_of(here) as other:
        run(here, other)

    settled(here)

    assert not here.page("tidy")[file.filename]["upload-time"].startswith(f"{LONG_AGO:%Y}")


def test_the_same_import_again_fetches_nothing_and_says_how_things_stand(here: Mirror) -> None:
    file = here.elsewhere.put(wheel())
    with elsewhere_of(here) as other:
        run(here, other)
        settled(here)
        again = run(here, other)[file.filename]

    assert (again.came, again.state) == (Came.PRESENT, "published")
    assert here.elsewhere.times_asked("/files/") == 1


def test_an_import_that_was_broken_off_goes_on_where_it_was(here: Mirror) -> None:
    files = [here.elsewhere.put(wheel(version=f"1.{number}")) for number in range(4)]
    with elsewhere_of(here) as other:
        broken_off = import_all(here.services, other, importer(here))
        next(broken_off)
        next(broken_off)
        broken_off.close()  # type: ignore[attr-defined] # it is a generator
        rest = came(run(here, other))

    assert sorted(rest.values()) == [Came.PRESENT] * 2 + [Came.RECEIVED] * 2
    assert sorted(rest) == sorted(file.filename for file in files)


def test_releases_come_in_the_order_of_their_versions(here: Mirror) -> None:
    for version in ("1.10", "1.9", "1.2"):
        here.elsewhere.put(wheel(version=version))

    with elsewhere_of(here) as other:
        run(here, other)

    with here.services.database.read() as session:
        names = session.scalars(select(File.filename).order_by(File.id)).all()
    assert [name.split("-")[1] for name in names] == ["1.2", "1.9", "1.10"]


@pytest.mark.parametrize(
    ("artifact", "why"),
    [
        (Artifact("tidy-1.0.tar.gz", b"no archive"), "gzip"),
        (Artifact("Tidy-1.0.tar.gz", b"x"), "normalized"),
        (Artifact("tidy-1.0.zip", b"x"), ".tar.gz"),
        (Artifact("asyncio-1.0-py3-none-any.whl", wheel("asyncio").data), "standard library"),
        (Artifact("tidy-1.0-py3-none-any.whl", b""), "empty"),
    ],
)
def test_what_an_upload_would_be_refused_for_is_refused_with_the_reason(
    here: Mirror, tmp_path: Path, artifact: Artifact, why: str
) -> None:
    put(tmp_path / "shelf", artifact, wheel("other"))

    outcome = run(here, Folder(tmp_path / "shelf", 100_000))

    assert came(outcome) == {artifact.filename: Came.REFUSED, wheel("other").filename: Came.RECEIVED}
    assert why in " ".join(outcome[artifact.filename].why)


def test_a_project_of_somebody_else_takes_nothing(here: Mirror, tmp_path: Path) -> None:
    put(tmp_path / "shelf", wheel())
    run(here, Folder(tmp_path / "shelf", 100_000), by="somebody")
    settled(here)
    put(tmp_path / "other", wheel(version="2.0"))

    outcome = run(here, Folder(tmp_path / "other", 100_000))

    assert came(outcome) == {wheel(version="2.0").filename: Came.REFUSED}


def test_rejected_bytes_are_refused_before_they_are_fetched(here: Mirror, tmp_path: Path) -> None:
    put(tmp_path / "shelf", wheel())
    here.world.says[here.elsewhere.put(wheel()).sha256] = "flagged"
    run(here, Folder(tmp_path / "shelf", 100_000))
    settled(here)
    with here.services.database.read() as session:
        submission = session.scalars(select(Submission.id)).one()
    here.world.decide(reject, submission)

    with elsewhere_of(here) as other:
        outcome = run(here, other)

    assert came(outcome) == {wheel().filename: Came.REFUSED}
    assert here.elsewhere.times_asked("/files/") == 0


def test_other_bytes_under_a_name_that_is_taken_are_refused(here: Mirror, tmp_path: Path) -> None:
    put(tmp_path / "shelf", wheel())
    run(here, Folder(tmp_path / "shelf", 100_000))
    here.elsewhere.put(Artifact(wheel().filename, wheel(text="other").data))

    with elsewhere_of(here) as other:
        (one,) = run(here, other).values()

    assert one.came is Came.REFUSED
    assert "already exists" in one.why[0]


def test_what_cannot_be_had_does_not_stop_the_rest(here: Mirror) -> None:
    gone, unvouched = here.elsewhere.put(wheel("gone")), here.elsewhere.put(wheel("unvouched"), sha256="")
    changed = here.elsewhere.put(wheel("changed"), sha256="0" * 64)
    strange = here.elsewhere.put(wheel("strange"), url="http://elsewhere.invalid/strange-1.0-py3-none-any.whl")
    good = here.elsewhere.put(wheel("good"))
    here.elsewhere.answers[f"/root/files/{gone.sha256}/{gone.filename}"] = Answer(404)
    here.elsewhere.projects["nowhere"] = []
    here.elsewhere.answers["/root/simple/nowhere/"] = Answer(500)

    with elsewhere_of(here) as other:
        outcome = came(run(here, other))

    failed = [gone.filename, unvouched.filename, changed.filename, strange.filename, "project nowhere"]
    assert outcome == {**dict.fromkeys(failed, Came.FAILED), good.filename: Came.RECEIVED}


def test_an_index_that_does_not_answer_is_a_failure(here: Mirror) -> None:
    here.elsewhere.is_down = True

    with elsewhere_of(here) as other:
        assert came(run(here, other)) == {"the list of projects": Came.FAILED}


def test_only_the_projects_that_are_named_are_imported(here: Mirror, tmp_path: Path) -> None:
    for name in ("one", "two"):
        here.elsewhere.put(wheel(name))
        put(tmp_path / "shelf", wheel(name))

    with elsewhere_of(here, "two") as other:
        assert list(run(here, other)) == [wheel("two").filename]
    assert list(run(here, Folder(tmp_path / "shelf", 100_000, frozenset({"one"})))) == [wheel("one").filename]


def test_links_are_not_followed_and_large_files_not_read(here: Mirror, tmp_path: Path) -> None:
    put(tmp_path / "outside", wheel("outside"))
    put(tmp_path / "shelf", wheel(), Artifact("large-1.0.tar.gz", b"x" * 100_001))
    name = wheel("outside").filename
    (tmp_path / "shelf" / name).symlink_to(tmp_path / "outside" / name)
    (tmp_path / "shelf" / "linked").symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / "shelf" / "pipe-1.0.tar.gz")

    outcome = came(run(here, Folder(tmp_path / "shelf", 100_000)))

    assert outcome == {wheel().filename: Came.RECEIVED, "large-1.0.tar.gz": Came.FAILED}


def test_nothing_stays_in_the_folder_of_uploads_under_way(here: Mirror, tmp_path: Path) -> None:
    put(tmp_path / "shelf", wheel(), Artifact("broken-1.0.tar.gz", b"x"))

    run(here, Folder(tmp_path / "shelf", 100_000))

    assert list(here.services.settings.incoming_folder.iterdir()) == []


def test_whoever_is_switched_off_meanwhile_gets_no_more_projects(here: Mirror, tmp_path: Path) -> None:
    put(tmp_path / "shelf", wheel())
    by = importer(here)
    with here.services.database.write() as session:
        session.get_one(User, by.user.id).active = False

    (one,) = import_all(here.services, Folder(tmp_path / "shelf", 100_000), by)

    assert one.came is Came.REFUSED
    with here.services.database.read() as session:
        assert session.query(Project).count() == 0
