"""What the same and other bytes get in every state that a submission can be in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.clock import utcnow
from index.hold.names import release_names
from index.publish.release import publish
from index.store.tables import Artifact as StoredArtifact
from index.store.tables import File, Submission, SubmissionState
from tests.fixtures.artifacts import Artifact, build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.services import Services
    from tests.index.upload.conftest import Client

S = SubmissionState
OTHER = build_wheel("tidy-example", "1.0", {"tidy_example/__init__.py": "other = True\n"})


def move(services: Services, state: SubmissionState) -> None:
    """The one submission is in `state`, with what belongs to that."""
    now = utcnow()
    with services.database.write() as session:
        submission = session.scalars(select(Submission)).one()
        submission.state = S.PUBLISHED if state is S.WITHDRAWN else state
        if submission.state == S.PUBLISHED:
            publish(session, submission, now=now, public_url="http://127.0.0.1")
            submission.state = state
        if state in {S.REJECTED, S.CANCELED}:
            release_names(session, submission)
        if state is S.REJECTED:
            for artifact in session.scalars(select(StoredArtifact)):
                artifact.rejected_at = now


PRESENT = [S.OPEN, S.SCANNING, S.IN_REVIEW, S.PUBLISHED]


@pytest.mark.parametrize("state", PRESENT)
def test_the_same_bytes_again_are_200_and_change_nothing(
    client: Client, services: Services, wheel: Artifact, state: SubmissionState
) -> None:
    client.accept = "application/json"
    first = client.upload(wheel)
    move(services, state)
    again = client.upload(wheel)

    assert again.status_code == 200
    assert again.json is not None
    assert first.json is not None
    assert (again.json["submission"], again.json["state"], again.json["duplicate"]) == (
        first.json["submission"],
        state.value,
        True,
    )
    with services.database.read() as session:
        assert len(session.scalars(select(File)).all()) == 1
        assert session.scalars(select(Submission.revision)).one() == 1


@pytest.mark.parametrize("state", [*PRESENT, S.WITHDRAWN])
def test_other_bytes_under_a_name_in_use_are_409_in_the_words_that_clients_know(
    client: Client, services: Services, wheel: Artifact, state: SubmissionState
) -> None:
    assert OTHER.filename == wheel.filename
    client.upload(wheel)
    move(services, state)

    answer = client.upload(OTHER)

    assert answer.status.startswith(f"409 File already exists ('{wheel.filename}', ")
    assert answer.text.startswith("File already exists (")


def test_rejected_bytes_are_403_under_any_name(
    client: Client, new_client: Callable[..., Client], services: Services, wheel: Artifact
) -> None:
    client.upload(wheel)
    move(services, S.REJECTED)

    renamed = wheel._replace(filename=wheel.filename.replace("tidy", "neat"))
    for uploader in (client, new_client("bob")):
        for artifact in (wheel, renamed):
            assert uploader.upload(artifact).status_code == 403


@pytest.mark.parametrize("state", [S.REJECTED, S.CANCELED])
def test_a_filename_is_free_again_after_a_reject_or_a_cancel(
    client: Client, services: Services, wheel: Artifact, state: SubmissionState
) -> None:
    client.upload(wheel)
    move(services, state)
    assert client.upload(OTHER).status_code == 200


def test_canceled_bytes_may_come_again(client: Client, services: Services, wheel: Artifact) -> None:
    client.upload(wheel)
    move(services, S.CANCELED)
    assert client.upload(wheel).status_code == 200


def test_a_duplicate_with_a_wrong_digest_is_refused(client: Client, wheel: Artifact) -> None:
    client.upload(wheel)
    assert client.upload(wheel, {"sha256_digest": "0" * 64}).status_code == 400


def test_the_same_bytes_under_another_name_are_a_second_file_of_one_artifact(
    client: Client, services: Services, wheel: Artifact
) -> None:
    built_again = wheel._replace(filename=wheel.filename.replace("-py3-", "-1-py3-"))
    assert client.upload(wheel).status_code == 200
    assert client.upload(built_again).status_code == 200
    with services.database.read() as session:
        files = session.scalars(select(File)).all()
        assert {file.filename for file in files} == {wheel.filename, built_again.filename}
        assert len({file.sha256 for file in files}) == 1
        assert len(session.scalars(select(StoredArtifact)).all()) == 1
