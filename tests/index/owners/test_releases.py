"""Yanking and deleting."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from index.owners.refusals import InvalidRequest, NotAllowed, NotConfirmed, ProjectUnknown, TargetUnknown
from index.owners.releases import LONGEST_REASON, Target, delete, drop_bytes, unyank, yank
from index.store.blobs import BlobMissing
from index.store.tables import File, FilenameClaim, StoredVerdict, SubmissionState
from scanner.model import Sha256Hex
from tests.fixtures.blobs import UnreachableBlobs
from tests.fixtures.releases import NOW, seed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.index.owners.conftest import Stage

RELEASE = Target(project="demo", version="1.0")


def test_a_yanked_release_is_marked_with_its_reason_until_it_is_offered_again(stage: Stage) -> None:
    stage.do("mira", lambda errand: yank(errand, RELEASE, reason=" breaks\n things "))
    assert [file["yanked"] for file in stage.page()["files"]] == ["breaks things", False]
    filename = stage.files["1.0"].filename
    assert stage.log()[-1] == ("user:mira", "file.yanked", f"file:{filename}")

    stage.do("mira", lambda errand: unyank(errand, Target(project="demo", filename=filename)))
    assert [file["yanked"] for file in stage.page()["files"]] == [False, False]


def test_yanking_again_writes_nothing(stage: Stage) -> None:
    for _ in range(2):
        stage.do("mira", lambda errand: yank(errand, RELEASE, reason=""))

    assert [action for _, action, _ in stage.log()].count("file.yanked") == 1
    assert stage.page()["files"][0]["yanked"] is True


def test_a_reason_longer_than_the_column_is_refused(stage: Stage) -> None:
    with pytest.raises(InvalidRequest):
        stage.do("mira", lambda errand: yank(errand, RELEASE, reason="x" * (LONGEST_REASON + 1)))


@pytest.mark.parametrize("who", ["eve", "stranger"])
def test_who_has_no_part_in_it_is_told_of_no_project(stage: Stage, who: str) -> None:
    with pytest.raises(ProjectUnknown) as refusal:
        stage.do(who, lambda errand: yank(errand, RELEASE, reason=""))
    with pytest.raises(ProjectUnknown) as of_none:
        stage.do(who, lambda errand: yank(errand, Target(project="nothing", version="1.0"), reason=""))
    assert refusal.value.message == of_none.value.message


def test_a_maintainer_cannot_delete(stage: Stage) -> None:
    with pytest.raises(NotAllowed):
        stage.do("mira", lambda errand: delete(errand, RELEASE, confirm=RELEASE.confirmation))


@pytest.mark.parametrize(
    "target",
    [
        Target(project="demo", version="3.0"),
        Target(project="demo", version="one"),
        Target(project="demo", filename="demo-3.0-py3-none-any.whl"),
    ],
)
def test_what_is_not_published_cannot_be_acted_on(stage: Stage, target: Target) -> None:
    with pytest.raises(TargetUnknown):
        stage.do("maintainer", lambda errand: yank(errand, target, reason=""))


def test_a_held_file_cannot_be_acted_on(stage: Stage, tmp_path: Path) -> None:
    held = seed(stage.services, tmp_path, project="demo", version="3.0", state=SubmissionState.IN_REVIEW)
    with pytest.raises(TargetUnknown):
        stage.do("maintainer", lambda errand: yank(errand, Target(project="demo", filename=held.filename), reason=""))


def test_deleting_asks_for_the_exact_name(stage: Stage) -> None:
    for typed in ("", "demo", "demo 2.0", "DEMO 1.0"):
        with pytest.raises(NotConfirmed, match=r"demo 1\.0"):
            stage.do("maintainer", partial(delete, target=RELEASE, confirm=typed))
    assert len(stage.page()["files"]) == 2


def test_what_is_deleted_is_gone_and_its_name_and_verdicts_stay(stage: Stage) -> None:
    gone = stage.files["1.0"]
    with stage.services.database.write() as session:
        submission_id = gone.submission_id
        session.add(
            StoredVerdict(
                submission_id=submission_id,
                revision=1,
                project="demo",
                version="1.0",
                outcome="clear",
                risk=0.0,
                engine="1",
                ruleset="0" * 64,
                facts_digest="0" * 64,
                payload="{}",
                created_at=NOW,
            )
        )
    digests = stage.do("maintainer", lambda errand: delete(errand, RELEASE, confirm="demo 1.0"))
    drop_bytes(stage.services, digests)

    assert stage.page()["versions"] == ["2.0"]
    assert stage.client.get(f"/files/{gone.sha256}/{gone.filename}").status_code == 404
    assert stage.client.get(f"/files/{gone.sha256}/{gone.filename}.metadata").status_code == 404
    assert stage.client.get("/pypi/demo/1.0/json").status_code == 404
    with pytest.raises(BlobMissing):
        stage.services.blobs.open(Sha256Hex(gone.sha256))
    with stage.services.database.read() as session:
        assert session.get_one(FilenameClaim, gone.filename).burned
        assert session.query(StoredVerdict).count() == 1
        assert session.query(File).filter_by(filename=gone.filename).one().deleted_at == NOW
    assert stage.log()[-1] == ("user:maintainer", "file.deleted", f"file:{gone.filename}")


def test_the_last_file_takes_the_page_with_it(stage: Stage) -> None:
    for version in ("1.0", "2.0"):
        target = Target(project="demo", version=version)
        stage.do("maintainer", partial(delete, target=target, confirm=target.confirmation))

    assert stage.client.get("/simple/demo/").status_code == 404
    assert "demo" not in stage.client.get("/simple/").text


def test_a_file_is_deleted_though_the_store_of_its_bytes_is_out_of_reach(stage: Stage) -> None:
    gone = stage.files["1.0"]
    digests = stage.do("maintainer", lambda errand: delete(errand, RELEASE, confirm="demo 1.0"))
    stage.services.blobs = UnreachableBlobs(stage.services.blobs)
    drop_bytes(stage.services, digests)

    assert stage.client.get(f"/files/{gone.sha256}/{gone.filename}").status_code == 404


def test_bytes_that_another_file_has_are_kept(stage: Stage, tmp_path: Path) -> None:
    gone = stage.files["1.0"]
    other = seed(stage.services, tmp_path, project="other")
    with stage.services.database.write() as session:
        session.query(File).filter_by(filename=other.filename).one().sha256 = gone.sha256
    digests = stage.do("maintainer", lambda errand: delete(errand, RELEASE, confirm="demo 1.0"))
    drop_bytes(stage.services, digests)

    with stage.services.blobs.open(Sha256Hex(gone.sha256)) as blob:
        assert blob.read() == gone.data
