from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.review.case import load_case
from index.store.tables import MembershipRole, SubmissionState
from scanner.model import Outcome, Severity
from tests.fixtures.artifacts import build_wheel
from tests.webui.desk import Says, finding

if TYPE_CHECKING:
    from index.review.case import CaseView
    from tests.webui.desk import Desk
    from tests.webui.scenes import Scene


def case(desk: Desk, submission_id: str) -> CaseView:
    with desk.services.database.read() as session:
        found = load_case(desk.services, session, submission_id)
    assert found is not None
    return found


def test_an_update_shows_what_the_decision_rests_on(full: Desk, scene: Scene) -> None:
    view = case(full, scene.update)
    assert (view.project, view.version, view.state) == ("small-colours", "1.4.2", SubmissionState.IN_REVIEW)
    assert view.current is not None
    assert view.current.verdict.outcome is Outcome.FLAGGED
    total = sum(reason.weight for reason in view.current.verdict.reasons)
    assert total == pytest.approx(view.current.verdict.risk)
    assert [group.rule for group in view.evidence] == [
        "decode-exec",
        "environment-exfiltration",
        "hidden-code",
        "bidi-control",
    ]
    assert [(group.rule, len(group.places)) for group in view.quality] == [("assert-used", 7)]
    assert view.previous_version == "1.4.1"
    assert view.new_publishers == ("noor",)


def test_what_changed_is_compared_with_the_published_release(full: Desk, scene: Scene) -> None:
    view = case(full, scene.update)
    assert view.changes is not None
    assert view.changes.added == ()
    assert view.changes.changed[0].member.name == "small_colours/__init__.py"
    assert view.changes.added_capabilities == ("dynamic-code", "environment", "network")
    assert view.changes.added_dependencies == ("colour-tables ; python_version<'3.12'", "requests>=2")


def test_publishers_and_files_say_where_they_come_from(full: Desk, scene: Scene) -> None:
    view = case(full, scene.update)
    noor, maya = view.publishers
    assert (noor.username, noor.uploaded, noor.part, noor.published) == ("noor", True, MembershipRole.MAINTAINER, 0)
    assert (maya.username, maya.uploaded, maya.part, maya.published) == ("maya", False, MembershipRole.OWNER, 1)
    wheel, sdist = view.files
    assert (wheel.inspection, wheel.findings, wheel.uploaded_by, wheel.provenance) == ("inspected", 11, "noor", ())
    assert [fact.identity for fact in sdist.provenance] == ["example/small-colours, release.yml"]
    assert view.in_words(sdist.filename) == "sdist"


def test_a_failed_inspection_says_what_happened(full: Desk, scene: Scene) -> None:
    view = case(full, scene.failed)
    (file,) = view.files
    assert file.inspection == "failed"
    assert "1 GiB" in file.error
    assert view.findings == ()


def test_decisions_and_events_are_kept(full: Desk, scene: Scene) -> None:
    view = case(full, scene.rejected)
    (decision,) = view.decisions
    assert (decision.kind, decision.decided_by, decision.reason) == (
        "reject",
        "ana",
        "It opens a shell to a strange host.",
    )
    assert {event.action for event in view.events} >= {"submission.opened", "verdict.recorded", "decision.reject"}
    assert [event.seq for event in view.events] == sorted((event.seq for event in view.events), reverse=True)
    assert view.waits_since is None


def test_what_is_being_received_has_no_verdict_yet(full: Desk, scene: Scene) -> None:
    view = case(full, scene.scanning)
    assert (view.current, view.findings, view.changes, view.first_release) == (None, (), None, False)
    assert [file.inspection for file in view.files] == ["waiting"]


def test_a_later_release_names_the_one_that_it_waits_behind(desk: Desk) -> None:
    bad = Says((finding("bad", Severity.CRITICAL, "x.py", 1),))
    first = desk.release([build_wheel("demo", "1.0", {"x.py": "x = 1\n"})], "demo", "1.0", bad)
    desk.later(minutes=1)
    second = desk.release([build_wheel("demo", "2.0", {"x.py": "x = 2\n"})], "demo", "2.0")
    view = case(desk, second)
    assert view.state is SubmissionState.IN_REVIEW
    assert view.waits_behind == (first, "1.0")
    assert view.deferral == "An earlier release of this project, 1.0, waits for review."


def test_a_revision_is_judged_by_its_own_verdict(desk: Desk) -> None:
    bad = Says((finding("bad", Severity.CRITICAL, "x.py", 1),))
    submission = desk.release([build_wheel("demo", "1.0", {"x.py": "x = 1\n"})], "demo", "1.0", bad)
    desk.receive(build_wheel("demo", "1.0", {"x.py": "x = 1\n"}, tag="py2-none-any"), "demo", "1.0")
    between = case(desk, submission)
    assert (between.revision, between.current, len(between.verdicts)) == (2, None, 1)
    desk.settle()
    after = case(desk, submission)
    assert after.current is not None
    assert (after.current.revision, len(after.verdicts)) == (2, 2)


def test_there_is_no_case_of_nothing(desk: Desk) -> None:
    with desk.services.database.read() as session:
        assert load_case(desk.services, session, "0" * 26) is None
