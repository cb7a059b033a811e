"""`pratique import` as an operator runs it, on a database of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from index.clock import utcnow
from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from index.store.tables import User
from pratique.cli import main
from tests.fixtures.artifacts import Artifact, build_wheel
from tests.servers.simple_index import OtherIndex, other_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def elsewhere() -> Iterator[OtherIndex]:
    with other_index() as running:
        yield running


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRATIQUE_DATA", str(tmp_path / "var"))
    services = Services.open(Settings())
    migrate(services.database)
    with services.database.write() as session:
        for name, active in (("ada", True), ("gone", False)):
            now = utcnow()
            session.add(
                User(
                    username=name,
                    email=f"{name}@example.invalid",
                    active=active,
                    fs_uniquifier=name,
                    create_datetime=now,
                    update_datetime=now,
                )
            )
    services.database.dispose()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["import", *map(str, arguments)])


def wheel(name: str) -> Artifact:
    return build_wheel(name, "1.0", {f"{name}.py": "VALUE = 1\n"})


def test_it_says_what_came_and_why_something_did_not(elsewhere: OtherIndex) -> None:
    elsewhere.put(wheel("tidy"))
    elsewhere.put(Artifact("broken-1.0.tar.gz", b"x"))
    elsewhere.put(wheel("lost"), sha256="0" * 64)

    first, second = run(elsewhere.url, "--as", "ada"), run(elsewhere.url, "--as", "ada")

    assert first.exit_code == 2
    assert "refused: broken-1.0.tar.gz: The file" in first.stdout
    assert "failed: lost-1.0-py3-none-any.whl: What came has SHA-256" in first.stdout
    assert first.stdout.splitlines()[-4:-1] == [
        "1 received; they are inspected in the background.",
        "0 here already.",
        "1 refused.",
    ]
    assert second.stdout.splitlines()[-4:-1] == [
        "0 received; they are inspected in the background.",
        "1 here already (1 receiving files).",
        "1 refused.",
    ]


@pytest.mark.parametrize(("more", "status"), [([], 0), ([Artifact("broken-1.0.tar.gz", b"x")], 1)])
def test_its_exit_status_says_whether_every_file_is_here(tmp_path: Path, more: list[Artifact], status: int) -> None:
    for artifact in [wheel("tidy"), *more]:
        (tmp_path / artifact.filename).write_bytes(artifact.data)

    assert run(tmp_path, "--as", "ada").exit_code == status


@pytest.mark.parametrize("project", ["two", "Two"])
def test_only_what_is_named_is_asked_for(elsewhere: OtherIndex, project: str) -> None:
    elsewhere.put(wheel("one"))
    elsewhere.put(wheel("two"))

    assert "1 received" in run(elsewhere.url, "--as", "ada", "--project", project).stdout
    assert elsewhere.times_asked("/simple/one/") == 0


def test_files_on_another_host_are_fetched_where_that_is_named(elsewhere: OtherIndex) -> None:
    with other_index() as files:
        shelved = files.put(wheel("tidy"))
        host = files.url.split("/")[2]
        elsewhere.put(wheel("tidy"), url=f"http://{host}/root/files/{shelved.sha256}/{shelved.filename}")

        without = run(elsewhere.url, "--as", "ada")
        named = run(elsewhere.url, "--as", "ada", "--file-host", host)

    assert (without.exit_code, named.exit_code) == (2, 0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["/does/not/exist", "--as", "ada"], "expected a folder that exists"),
        (["ftp://index.example/simple/", "--as", "ada"], "is no Simple API"),
        ([".", "--as", "nobody"], "no active user 'nobody'"),
        ([".", "--as", "gone"], "no active user 'gone'"),
        (["."], "--as"),
    ],
)
def test_what_cannot_be_begun_is_a_fault_of_usage(arguments: list[str], says: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert says in result.output


def test_names_of_files_do_nothing_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m\n-1.0.whl").write_bytes(b"x")

    assert "\x1b" not in run(tmp_path, "--as", "ada").output
