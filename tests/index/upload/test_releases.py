from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from sqlalchemy import Select, select
from sqlalchemy.dialects import sqlite

from index.hold.spellings import spellings
from index.hold.standing import _STANDING
from index.store.tables import Submission, SubmissionState
from tests.fixtures.artifacts import Artifact, build_wheel
from tests.index.upload.test_names import publish_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.services import Services
    from tests.index.upload.conftest import Client

VERSIONS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "1!"]),
    st.lists(st.integers(0, 20), min_size=1, max_size=6).map(lambda numbers: ".".join(map(str, numbers))),
    st.sampled_from(["", "a1", "rc2", ".post3", ".dev4", "b1.post2.dev3", "+local.1", "rc1+ubuntu.2"]),
)


@given(VERSIONS)
def test_all_spellings_of_a_version_are_that_version_and_it_is_among_them(text: str) -> None:
    version = str(Version(text))
    found = spellings(version)
    assert version in found
    assert all(str(Version(each)) == each and Version(each) == Version(version) for each in found)
    assert len(found) >= 3


def test_a_version_that_the_project_has_in_another_spelling_is_refused(client: Client, wheel: Artifact) -> None:
    client.upload(wheel)
    answer = client.upload(build_wheel("tidy-example", "1.0.0", {"a.py": ""}))
    assert answer.status.startswith("400 Version 1.0.0 is the same as 1.0 ")
    assert client.upload(build_wheel("tidy-example", "1.0.1", {"a.py": ""})).status_code == 200


def test_a_version_with_more_zeros_than_anybody_writes_is_found_in_every_other_spelling(client: Client) -> None:
    assert client.upload(build_wheel("long", "1", {"long.py": ""})).status_code == 200
    for zeros in range(1, 24):
        answer = client.upload(build_wheel("long", "1" + ".0" * zeros, {"long.py": ""}))
        assert " is the same as 1 " in answer.status, zeros


def test_a_release_takes_new_files_for_two_weeks_after_its_publication(
    client: Client, services: Services, wheel: Artifact, sdist: Artifact
) -> None:
    client.upload(wheel)
    publish_all(services)

    def set_age(days: float) -> None:
        with services.database.write() as session:
            submission = session.scalars(select(Submission).where(Submission.state == SubmissionState.PUBLISHED)).one()
            assert submission.published_at is not None
            submission.published_at -= timedelta(days=days)

    set_age(14.1)
    late = client.upload(sdist)
    assert late.status_code == 400
    assert "release.closed" in late.text
    assert client.upload(wheel).status_code == 200, "what is there is there"
    set_age(-0.2)
    assert client.upload(sdist).status_code == 200


def test_a_project_has_a_limit_for_all_its_files(
    client: Client, services: Services, wheel: Artifact, sdist: Artifact
) -> None:
    room = {"project_max_bytes": len(wheel.data) + len(sdist.data) - 1}
    services.settings = services.settings.model_copy(update=room)
    assert client.upload(wheel).status_code == 200
    answer = client.upload(sdist)
    assert answer.status.startswith("400 Project size too large")


def test_how_things_stand_is_found_through_names_and_not_through_all_submissions(services: Services) -> None:
    others = {f"other{number}": "1." + number * "0." for number in range(8)}
    file = {"filename": "foo-1.0.tar.gz", "sha256": "00", "uploader": 1}
    values = {"project": "foo", "version": "1.0", **file, **others}
    statement = compiled(_STANDING, values)
    with services.database.read() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
    steps = [row[3] for row in plan]
    assert len(steps) >= 12
    assert not [step for step in steps if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"]
    assert not [step for step in steps if "ix_submission_state" in step]


def compiled(statement: Select[Any], values: Mapping[str, object]) -> str:
    options = {"literal_binds": True, "render_postcompile": True}
    return str(statement.params(values).compile(dialect=sqlite.dialect(), compile_kwargs=options))
