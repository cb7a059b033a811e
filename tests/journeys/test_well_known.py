"""Twenty well-known wheels and sdists are published without a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.store.tables import StoredVerdict, Submission
from tests.clients.registry import fetch, read_wanted
from tests.servers.instance import until

if TYPE_CHECKING:
    from tests.servers.instance import Instance

WELL_KNOWN = read_wanted(Path(__file__).with_name("well_known.txt"))


@pytest.mark.network
@pytest.mark.timeout(300)
def test_every_well_known_release_is_published_by_itself(instance: Instance) -> None:
    for wanted in WELL_KNOWN:
        answer = instance.upload(wanted.filename, fetch(wanted))
        assert answer.status_code == 200, f"{wanted.filename}: {answer.reason}\n{answer.text}"

    def states() -> dict[str, str]:
        return {wanted.filename: instance.state(wanted.filename) for wanted in WELL_KNOWN}

    until(lambda: not {"open", "scanning"} & set(states().values()), seconds=120, what="all are judged")

    print(*verdicts(instance), sep="\n")  # noqa: T201 # the record of the run
    assert states() == dict.fromkeys(states(), "published")


def verdicts(instance: Instance) -> list[str]:
    """A line for each verdict: outcome, risk, release."""
    database = instance.database()
    with database.read() as session:
        rows = session.scalars(select(StoredVerdict).join(Submission).order_by(StoredVerdict.id)).all()
    database.dispose()
    return [f"{row.outcome:12} {row.risk:5.1f}  {row.project} {row.version}" for row in rows]
