"""Which files of an upstream's page anybody hears of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from index.mirror.offers import Terms, offered
from index.mirror.simple import ProjectPage, RemoteFile
from index.mirror.source import Source
from index.store.tables import ProjectStatus

NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
SOURCE: Final = Source.parse("https://index.example/simple", ["files.example"])
TERMS: Final = Terms(SOURCE, timedelta(days=7), 1000)
GOOD: Final = RemoteFile(
    filename="tidy-1.0-py3-none-any.whl",
    url="https://files.example/tidy-1.0-py3-none-any.whl",
    sha256="a" * 64,
    upload_time=NOW - timedelta(days=8),
    size=1000,
)


def shown(*files: RemoteFile, terms: Terms = TERMS) -> list[str]:
    return [offer.name.filename for offer in offered("tidy", ProjectPage(files), terms, now=NOW)]


def test_a_file_that_is_vouched_for_and_old_enough_is_offered() -> None:
    assert shown(GOOD) == [GOOD.filename]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"sha256": ""}, id="without a SHA-256"),
        pytest.param({"upload_time": None}, id="of unknown age"),
        pytest.param({"upload_time": NOW - timedelta(days=7) + timedelta(seconds=1)}, id="a second too young"),
        pytest.param({"upload_time": NOW + timedelta(days=9)}, id="from the future"),
        pytest.param({"size": 1001}, id="too large"),
        pytest.param({"filename": "other-1.0-py3-none-any.whl"}, id="of another project"),
        pytest.param({"filename": "Tidy-1.0-py3-none-any.whl"}, id="not spelled in the normalized form"),
        pytest.param({"filename": "tidy-1.0.zip"}, id="neither wheel nor gzipped sdist"),
        pytest.param({"filename": "../tidy-1.0-py3-none-any.whl"}, id="a path"),
        pytest.param({"url": "https://elsewhere.example/tidy-1.0-py3-none-any.whl"}, id="on another host"),
        pytest.param({"url": "http://files.example/tidy-1.0-py3-none-any.whl"}, id="by another scheme"),
        pytest.param({"url": "https://files.example:8443/tidy-1.0-py3-none-any.whl"}, id="on another port"),
        pytest.param({"url": "https://me@files.example/tidy-1.0-py3-none-any.whl"}, id="with credentials"),
        pytest.param({"url": "file:///etc/passwd"}, id="on this machine"),
        pytest.param({"url": "https://files.example/a b"}, id="at an address with a blank"),
    ],
)
def test_a_file_is_not_offered(change: dict[str, Any]) -> None:
    assert shown(replace(GOOD, **change)) == []


def test_without_a_cool_down_the_age_is_not_asked_for() -> None:
    assert shown(replace(GOOD, upload_time=None), terms=replace(TERMS, cooldown=timedelta(0))) == [GOOD.filename]


def test_of_two_files_under_one_name_neither_is_offered() -> None:
    assert shown(GOOD, replace(GOOD, sha256="b" * 64)) == []


def test_of_a_project_in_quarantine_nothing_is_offered() -> None:
    assert list(offered("tidy", ProjectPage((GOOD,), ProjectStatus.QUARANTINED), TERMS, now=NOW)) == []
