"""`pratique scan --requirements`: what is pinned is fetched, checked and inspected; nothing of it is built."""

from __future__ import annotations

import json
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from packaging.version import Version

from pratique.cli import main
from pratique.commands.scan_requirements import RequirementsRefused, read_requirements
from tests.fixtures.artifacts import MALICIOUS, Artifact, benign_release, build_sdist, build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

A, B = "a" * 64, "b" * 64


class Index:
    """An index on this machine: files by project, and the requests that came."""

    def __init__(self) -> None:
        self.files: dict[str, list[Artifact]] = {}
        self.lies: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/simple/"

    def add(self, project: str, *artifacts: Artifact) -> str:
        """The hashes of the files, as in a requirements file."""
        self.files[project] = list(artifacts)
        return " ".join(f"--hash=sha256:{sha256(artifact.data).hexdigest()}" for artifact in artifacts)

    def answer(self, path: str) -> tuple[str, bytes] | None:
        self.asked.append(path)
        kind, _, name = path.strip("/").partition("/")
        if kind == "files":
            known = {a.filename: a.data for artifacts in self.files.values() for a in artifacts}
            return "application/octet-stream", self.lies.get(name, known[name])
        if name not in self.files:
            return None
        page = {
            "meta": {"api-version": "1.0"},
            "name": name,
            "files": [
                {
                    "filename": artifact.filename,
                    "url": f"/files/{artifact.filename}",
                    "hashes": {"sha256": sha256(artifact.data).hexdigest()},
                }
                for artifact in self.files[name]
            ],
        }
        return "application/vnd.pypi.simple.v1+json", json.dumps(page).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = index.answer(self.path)
                self.send_response(200 if answer else 404)
                if answer:
                    self.send_header("Content-Type", answer[0])
                    self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                if answer:
                    self.wfile.write(answer[1])

            def log_message(self, *_: object) -> None:
                """Nothing on the terminal."""

        return Handler


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    index = Index()
    yield index
    index.server.shutdown()
    index.server.server_close()


def scan(index: Index, folder: Path, lines: str, *options: str) -> Result:
    file = folder / "requirements.txt"
    file.write_text(lines, encoding="utf-8")
    arguments = ["scan", "--format", "json", "--index-url", index.url, "-r", str(file), *options]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def told(result: Result) -> list[tuple[str, str]]:
    return [(one["path"], one["outcome"]) for one in map(json.loads, result.stdout.splitlines())]


def test_the_file_that_would_be_installed_here_is_scanned(index: Index, tmp_path: Path) -> None:
    wheel, sdist = benign_release("tidy", "1.0")
    foreign = build_wheel("tidy", "1.0", {"tidy/__init__.py": ""}, tag="cp27-cp27m-win32")
    hashes = index.add("tidy", sdist, foreign, wheel)
    result = scan(index, tmp_path, f"Tidy==1.0 {hashes}\n")
    assert (result.exit_code, told(result)) == (0, [(wheel.filename, "clear")])
    everything = scan(index, tmp_path, f"Tidy==1.0 {hashes}\n", "--all-platforms")
    assert {name for name, _ in told(everything)} == {wheel.filename, sdist.filename, foreign.filename}


def test_an_sdist_is_scanned_and_not_built(index: Index, tmp_path: Path) -> None:
    marker = tmp_path / "built"
    setup = f"from setuptools import setup\nopen({str(marker)!r}, 'w').close()\nsetup(name='source-only')\n"
    sdist = build_sdist("source-only", "1.0", {"setup.py": setup, "source_only.py": "X = 1\n"}, pyproject=None)
    result = scan(index, tmp_path, f"source-only==1.0 {index.add('source-only', sdist)}\n")
    assert [name for name, _ in told(result)] == [sdist.filename]
    assert not marker.exists()


def test_a_flagged_requirement_gives_1(index: Index, tmp_path: Path) -> None:
    case = MALICIOUS["decode-layers-exec"]
    name = case.filename.split("-")[0].replace("_", "-")
    hashes = index.add(name, Artifact(case.filename, case.data))
    result = scan(index, tmp_path, f"{name}==1.0 {hashes}\n")
    assert (result.exit_code, told(result)) == (1, [(case.filename, "flagged")])


def test_what_cannot_be_fetched_is_not_clear(index: Index, tmp_path: Path) -> None:
    wheel, _ = benign_release("tidy", "1.0")
    hashes = index.add("tidy", wheel)
    other = index.add("other", *benign_release("other", "2.0"))
    lines = {
        "no such project": f"gone==1.0 --hash=sha256:{A}\n",
        "no file with the hash": f"tidy==1.0 --hash=sha256:{A}\n",
        "the hash of another version": f"tidy==1.1 {hashes}\n",
        "the hash of another project": f"tidy==1.0 {other}\n",
    }
    for why, line in lines.items():
        result = scan(index, tmp_path, line)
        assert result.exit_code == 2, why
        ((_, outcome),) = told(result)
        assert outcome == "unscannable", why
        assert "not fetched, and so not scanned" in result.stdout


def test_bytes_that_are_not_those_of_the_hash_are_not_scanned(index: Index, tmp_path: Path) -> None:
    wheel, _ = benign_release("tidy", "1.0")
    hashes = index.add("tidy", wheel)
    index.lies[wheel.filename] = benign_release("tidy", "1.1")[0].data
    result = scan(index, tmp_path, f"tidy==1.0 {hashes}\n")
    assert (result.exit_code, told(result)) == (2, [("tidy==1.0", "unscannable")])
    assert "which is not listed" in result.stdout


def test_a_missing_one_does_not_hide_a_flagged_one(index: Index, tmp_path: Path) -> None:
    case = MALICIOUS["decode-layers-exec"]
    name = case.filename.split("-")[0].replace("_", "-")
    hashes = index.add(name, Artifact(case.filename, case.data))
    result = scan(index, tmp_path, f"gone==1.0 --hash=sha256:{A}\n{name}==1.0 {hashes}\n")
    assert result.exit_code == 1
    assert {outcome for _, outcome in told(result)} == {"flagged", "unscannable"}


def test_the_index_may_stand_in_the_file_or_the_environment(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel, _ = benign_release("tidy", "1.0")
    line = f"tidy==1.0 {index.add('tidy', wheel)}\n"
    file = tmp_path / "r.txt"
    file.write_text(f"--index-url {index.url}\n{line}", encoding="utf-8")
    assert CliRunner().invoke(main, ["scan", "-r", str(file)], catch_exceptions=False).exit_code == 0
    file.write_text(line, encoding="utf-8")
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    assert CliRunner().invoke(main, ["scan", "-r", str(file)], catch_exceptions=False).exit_code == 0


READ = {
    "one line": (f"a==1 --hash=sha256:{A}\n", [("a", "1", {A})]),
    "as compilers write it": (f"a==1.0 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n", [("a", "1.0", {A, B})]),
    "comments and blank lines": (f"# why\n\na==1 --hash=sha256:{A}  # via b\n", [("a", "1", {A})]),
    "a comment in between": (
        f"a==1 \\\n    --hash=sha256:{A}\n    # via\n    #   b\nb==2 --hash=sha256:{B}",
        [("a", "1", {A}), ("b", "2", {B})],
    ),
    "another spelling": (f"A_b.C==1.0.0 --hash=sha256:{A}\r\n", [("a-b-c", "1.0.0", {A})]),
    "an extra": (f"a[x,y]==1 --hash=sha256:{A}\n", [("a", "1", {A})]),
    "a marker that holds": (f"a==1 ; python_version >= '3' --hash=sha256:{A}\n", [("a", "1", {A})]),
    "a marker that does not": (f"a==1 ; python_version < '3' --hash=sha256:{A}\n", []),
    "options without meaning here": (
        f"--require-hashes\n--only-binary :all:\na==1 --hash=sha256:{A}",
        [("a", "1", {A})],
    ),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("text", "pinned"), READ.values(), ids=READ)
def test_what_a_requirements_file_pins(text: str, pinned: list[tuple[str, str, set[str]]]) -> None:
    found = [(one.name, str(one.version), set(one.hashes)) for one in read_requirements(text).pinned]
    assert found == [(name, str(Version(version)), hashes) for name, version, hashes in pinned]


REFUSED = {
    "no hash": "a==1\n",
    "another hash": f"a==1 --hash=sha512:{A}\n",
    "a short hash": "a==1 --hash=sha256:abc\n",
    "a range": f"a>=1 --hash=sha256:{A}\n",
    "two": f"a==1,!=2 --hash=sha256:{A}\n",
    "a prefix": f"a==1.* --hash=sha256:{A}\n",
    "no version": f"a --hash=sha256:{A}\n",
    "a URL": f"a @ https://host.invalid/a.whl --hash=sha256:{A}\n",
    "a path": "./a.whl\n",
    "editable": "-e .\n",
    "another file": "-r other.txt\n",
    "constraints": "-c other.txt\n",
    "a second index": "--extra-index-url https://host.invalid\n",
    "links": "--find-links https://host.invalid\n",
    "an option for the build": f"a==1 --hash=sha256:{A} --config-settings=x=y\n",
    "quotes without an end": "--index-url '\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_pinned_release_with_hashes_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(RequirementsRefused, match="line 3: "):
        read_requirements("# first\n\n" + text)


def test_a_refused_file_is_wrong_use_and_nothing_is_scanned(index: Index, tmp_path: Path) -> None:
    result = scan(index, tmp_path, "a==1\n")
    assert result.exit_code == 64
    assert "line 1: a: expected --hash=sha256:" in result.stderr
    assert index.asked == []
