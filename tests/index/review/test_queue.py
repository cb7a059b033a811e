from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.hold.switches import set_hold_everything
from index.review.queue import PAGE_SIZE, counts, list_queue
from index.store.tables import CaseOrigin, SubmissionState
from scanner.model import Severity
from tests.fixtures.artifacts import build_wheel
from tests.webui.desk import Says, finding

if TYPE_CHECKING:
    from index.review.queue import Queue
    from tests.webui.desk import Desk
    from tests.webui.scenes import Scene

IN_REVIEW = SubmissionState.IN_REVIEW
BAD = Says((finding("bad", Severity.CRITICAL, "x.py", 1, title="Bad"),))


def queue(desk: Desk, state: SubmissionState = IN_REVIEW, text: str = "", page: int = 1) -> Queue:
    with desk.services.database.read() as session:
        return list_queue(desk.services, session, state=state, text=text, page=page)


def held(desk: Desk, project: str, says: Says = BAD) -> str:
    return desk.release([build_wheel(project, "1.0", {"x.py": "x = 1\n"})], project, "1.0", says)


def test_the_longest_wait_stands_first_with_every_reason(full: Desk, scene: Scene) -> None:
    rows = queue(full).rows
    assert [row.submission_id for row in rows] == [scene.update, scene.first, scene.failed]
    update, first, failed = rows
    assert [reason.rule for reason in update.reasons][:4] == [
        "decode-exec",
        "environment-exfiltration",
        "hidden-code",
        "bidi-control",
    ]
    assert "assert-used" not in {reason.rule for reason in update.reasons}
    assert update.worst is not None
    assert (update.worst.finding.rule, update.worst.filename) == ("decode-exec", "small_colours-1.4.2-py3-none-any.whl")
    assert (update.first_release, update.new_publishers) == (False, ("noor",))
    assert (first.first_release, first.new_publishers) == (True, ())
    assert (failed.origin, failed.outcome, failed.worst) == (CaseOrigin.FAILURE, "unscannable", None)


def test_each_submission_is_counted_in_its_state(full: Desk, scene: Scene) -> None:
    with full.services.database.read() as session:
        numbers = counts(session)
    for state in SubmissionState:
        assert queue(full, state).total == numbers[state]
    assert sum(numbers.values()) == 6


@pytest.mark.parametrize(
    ("text", "found"), [("", 2), ("one", 1), ("ONE", 1), ("demo_o", 1), ("demo", 2), ("%", 0), ("nothing", 0)]
)
def test_it_is_searched_by_a_part_of_the_name(desk: Desk, text: str, found: int) -> None:
    held(desk, "demo-one")
    held(desk, "demo-two")
    assert len(queue(desk, text=text).rows) == found == queue(desk, text=text).total


def test_it_comes_in_pages(desk: Desk) -> None:
    for number in range(PAGE_SIZE + 1):
        desk.receive(build_wheel(f"many-{number}", "1.0", {"x.py": "x = 1\n"}), f"many-{number}", "1.0", BAD)
    desk.settle()
    first, second = queue(desk), queue(desk, page=2)
    assert (len(first.rows), len(second.rows), first.pages, first.total) == (PAGE_SIZE, 1, 2, PAGE_SIZE + 1)
    assert queue(desk, page=99) == second
    assert queue(desk, page=-1) == first


def test_a_clear_release_says_why_a_person_comes_first(desk: Desk) -> None:
    with desk.services.database.write() as session:
        set_hold_everything(session, on=True, actor="user:test", now=desk.now)
    held(desk, "demo", Says())
    (row,) = queue(desk).rows
    assert (row.outcome, row.origin, row.reasons) == ("clear", CaseOrigin.HOLD_EVERYTHING, ())
    assert row.deferral == "At present every release is looked at by a person."
