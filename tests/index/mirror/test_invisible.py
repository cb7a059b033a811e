"""Held means invisible, with an upstream as without one: every route of the whole application, walked by the public."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.store.tables import SubmissionState
from pratique.wsgi import create_app
from tests.fixtures.artifacts import core_metadata
from tests.fixtures.releases import Seeded, seed
from tests.index.mirror.conftest import wheel
from tests.pratique.test_held_is_invisible import leaks, paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.index.mirror.conftest import Mirror

ACCEPTED = ("text/html", "application/json", "application/vnd.pypi.simple.v1+json")


def walk(mirror: Mirror, held: Seeded, *, known: str = "") -> None:
    """Nobody finds anything of `held`, but for its project where the name is known."""
    app = create_app(mirror.services)
    client = app.test_client()
    for path in paths(app, held):
        for accept in ACCEPTED:
            with client.get(path, headers={"Accept": accept}) as answer:
                told = set(leaks(answer.get_data().decode("latin-1"), path, held)) - {known}
                assert not told, f"GET {path} ({accept}, {answer.status_code}) shows {told}"


@pytest.mark.parametrize("state", [SubmissionState.IN_REVIEW, SubmissionState.REJECTED, SubmissionState.CANCELED])
def test_an_upstream_with_the_same_file_does_not_show_what_is_held_here(
    make_mirror: Callable[..., Mirror], tmp_path: Path, state: SubmissionState
) -> None:
    mirror = make_mirror(worker=False)
    held = seed(mirror.services, tmp_path, project="hidden-project", state=state)
    mirror.elsewhere.put(wheel("hidden-project", "9.9"))

    walk(mirror, held)

    assert mirror.elsewhere.asked == []


def test_a_file_from_upstream_that_is_in_review_shows_nowhere(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel("strange-project"))
    mirror.world.says[file.sha256] = "flagged"
    assert mirror.fetch(file).status_code == 503

    metadata = core_metadata("strange-project", "1.0")
    held = Seeded(mirror.submission_of(file), "strange-project", "1.0", file.filename, file.sha256, file.data, metadata)
    walk(mirror, held, known="strange-project")  # the name is upstream's, and nobody's secret: what is held is the file
