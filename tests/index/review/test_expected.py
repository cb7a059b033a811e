"""How long it takes, from how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.hold.decisions import approve, reject
from index.review.expected import expected_of, in_words
from index.store.tables import Submission
from tests.index.hold.conftest import make_world, migrated_sqlite, shared_services, world
from tests.index.hold.world import make_rules

if TYPE_CHECKING:
    from index.review.expected import Expected
    from tests.index.hold.world import World

__all__ = ["make_world", "migrated_sqlite", "shared_services", "world"]


def expected(world: World, submission_id: str) -> Expected | None:
    with world.database.read() as session:
        return expected_of(session, session.get_one(Submission, submission_id), settle_seconds=10)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 second"),
        (1, "1 second"),
        (1.2, "2 seconds"),
        (60, "60 seconds"),
        (61, "2 minutes"),
        (3600, "60 minutes"),
        (3601, "2 hours"),
        (86400, "24 hours"),
        (86401, "2 days"),
        (10 * 86400, "10 days"),
    ],
)
def test_durations_are_rounded_up(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_an_open_upload_says_when_it_is_inspected(world: World) -> None:
    receipt = world.receive(world.file("demo", "1.0"))
    found = expected(world, receipt.submission_id)
    assert found is not None
    assert (found.seconds, found.text) == (10, "They are inspected as soon as no file has come for 10 seconds.")


def test_nothing_is_said_of_too_few_and_of_what_is_over(world: World) -> None:
    held = [world.upload(f"demo{number}", "1.0", says="flagged") for number in range(4)]
    for submission in held:
        world.later(100)
        world.decide(approve, submission)
    waiting = world.upload("other", "1.0", says="flagged")
    assert expected(world, waiting) is None
    assert expected(world, held[0]) is None


def test_a_review_takes_what_reviews_took_and_an_inspection_what_inspections_took(world: World) -> None:
    for number in range(6):
        submission = world.upload(f"demo{number}", "1.0", says="flagged")
        world.later(3600 * (number + 1))
        world.decide(approve if number % 2 else reject, submission)
    waiting = world.upload("other", "1.0", says="flagged")
    found = expected(world, waiting)
    assert found is not None
    assert found.text == "Half of the last 6 reviews took no longer than 4 hours."
    assert found.seconds == pytest.approx(3.5 * 3600, abs=60)

    world.use_rules(make_rules(2))  # every one is judged anew: a second look is no measure of the first
    world.later(86400)
    world.keeper.tick(world.now)
    world.inspect_all()
    scanned = world.receive(world.file("more", "1.0")).submission_id
    world.settle()
    found = expected(world, scanned)
    assert found is not None
    assert found.text == "Half of the last 7 releases were inspected within 1 second."
