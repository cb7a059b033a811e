from __future__ import annotations

from typing import TYPE_CHECKING

from index.review.case import find_submission
from index.review.status import own_submissions, status_of
from index.store.tables import SubmissionState

if TYPE_CHECKING:
    from index.review.status import Status
    from tests.webui.desk import Desk
    from tests.webui.scenes import Scene


def status(desk: Desk, submission_id: str) -> Status:
    with desk.services.database.read() as session:
        submission = find_submission(session, submission_id)
        assert submission is not None
        return status_of(desk.services, session, submission)


def test_a_held_release_says_what_was_found_where_but_not_how_it_is_weighed(full: Desk, scene: Scene) -> None:
    found = status(full, scene.update)
    assert found.state is SubmissionState.IN_REVIEW
    first = found.reasons[0]
    assert (first.title, first.member, first.line) == ("Executes text that it decodes", "small_colours/__init__.py", 25)
    assert not any(hasattr(reason, "weight") for reason in found.reasons)
    assert "approves or rejects" in found.next


def test_a_rejected_release_says_what_the_analyst_wrote(full: Desk, scene: Scene) -> None:
    found = status(full, scene.rejected)
    assert found.comment == "It opens a shell to a strange host."
    assert "upload other files" in found.next


def test_a_published_release_has_no_reasons(full: Desk, scene: Scene) -> None:
    found = status(full, scene.published)
    assert (found.state, found.reasons) == (SubmissionState.PUBLISHED, ())


def test_members_see_the_submissions_of_their_projects(full: Desk, scene: Scene) -> None:
    with full.services.database.read() as session:
        assert [one.id for one in own_submissions(session, full.account("maya").user.id)] == [
            scene.update,
            scene.published,
        ]
        assert [one.id for one in own_submissions(session, full.account("noor").user.id)] == [
            scene.update,
            scene.published,
        ]
        assert own_submissions(session, full.account("nobody").user.id) == ()
