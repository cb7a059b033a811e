from __future__ import annotations

import ast
import io
import logging
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scanner.analyzers.bandit_guards import AS_READ
from scanner.analyzers.bandit_tests import known_ids, looking_at_call
from scanner.analyzers.bandit_walk import run
from scanner.analyzers.quality import PLACES_PER_RULE, quality, rule_title
from scanner.model import Kind, Role
from tests.fixtures.bandit_snippets import SNIPPETS
from tests.fixtures.views import member, plain_ruleset

if TYPE_CHECKING:
    from collections.abc import Iterator

Said = list[tuple[str, int, int, str, str, str]]


@pytest.fixture(scope="module")
def manager() -> Iterator[Any]:
    """Bandit itself, quiet, deaf to `nosec`."""
    # Bandit warns when it is first imported; `bandit_walk` has imported it without that.
    from bandit.core import config as bandit_config  # noqa: PLC0415
    from bandit.core import manager as bandit_manager  # noqa: PLC0415

    logging.disable(logging.CRITICAL)
    yield bandit_manager.BanditManager(bandit_config.BanditConfig(), "file", ignore_nosec=True)
    logging.disable(logging.NOTSET)


def by_bandit(manager: Any, data: bytes, filename: str) -> Said | None:
    """What Bandit's manager says of one file, None if it skipped it."""
    manager.results, manager.skipped, manager.scores = [], [], []
    manager._parse_file(filename, io.BytesIO(data), [filename])
    if manager.skipped:
        return None
    return sorted((i.test_id, i.lineno, i.col_offset, i.severity, i.confidence, i.text) for i in manager.results)


def by_us(data: bytes, filename: str) -> Said:
    report = run(ast.parse(data), data, filename)
    assert not report.exhausted
    return sorted((i.test_id, i.line, i.column, i.severity, i.confidence, i.text) for i in report.issues)


def sample(step: int, offset: int) -> list[Path]:
    """Every `step`-th file of the standard library and of the installed packages."""
    paths = [sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")]
    files = {file for path in paths for file in Path(path).rglob("*.py") if file.stat().st_size < 100_000}
    return sorted(files)[offset::step]


def compare(manager: Any, files: list[Path]) -> int:
    """How many files Bandit and we said the same of; none may differ."""
    compared = 0
    for file in files:
        data = file.read_bytes()
        said = by_bandit(manager, data, str(file))
        if said is not None:
            assert by_us(data, str(file)) == said, file
            compared += 1
    return compared


def test_every_snippet_is_judged_as_bandit_judges_it(manager: Any) -> None:
    for test_id, source in SNIPPETS.items():
        data = source.encode()
        said = by_bandit(manager, data, "dir/snippet.py")
        assert said is not None
        assert test_id in {issue[0] for issue in said}, f"the snippet of {test_id} does not show it"
        assert by_us(data, "dir/snippet.py") == said, test_id


def test_the_guards_were_read_from_the_bandit_that_is_installed() -> None:
    assert AS_READ, "read the tests of this Bandit again, mend the guards, and say which version it was"


def test_the_guard_of_shells_knows_all_that_bandit_takes_for_one() -> None:
    from bandit.plugins.injection_shell import gen_config  # noqa: PLC0415 # Bandit warns when it is first imported

    for name in (name for names in gen_config("shell_injection").values() for name in names):
        tests = {test.id for test in looking_at_call(ast.parse("f()", mode="eval").body, name)}  # type: ignore[arg-type] # a call
        assert tests >= {"B602", "B603", "B605", "B606", "B607", "B609"}, name


def test_there_is_a_snippet_for_every_bandit_test() -> None:
    assert known_ids() == SNIPPETS.keys()


def test_real_files_are_judged_as_bandit_judges_them(manager: Any) -> None:
    files = sample(step=130, offset=7)
    assert len(files) >= 60
    assert compare(manager, files[:75]) >= 60


@pytest.mark.full
def test_seven_hundred_real_files_are_judged_as_bandit_judges_them(manager: Any) -> None:
    assert compare(manager, sample(step=11, offset=3)[:800]) >= 700


def test_the_walk_leaves_no_trace_in_the_tree() -> None:
    keys = ", ".join(f"'k{i}': {i}" for i in range(100))
    tree = ast.parse(f"x = {{{keys}}}\nassert x\n")
    before = ast.dump(tree)
    run(tree, b"", "x.py")
    assert ast.dump(tree) == before
    display = tree.body[0].value  # type: ignore[attr-defined] # the dict display above
    assert type(display.keys) is list
    # Bandit itself, in another test, marks the contexts and operators that all trees share.
    own = [node for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr)]
    assert not any(hasattr(node, "_bandit_parent") for node in own)


def test_nosec_silences_nothing() -> None:
    found = list(quality(member("a.py", "exec(x)  # nosec\n"), plain_ruleset()))
    assert [(f.rule, f.line, f.kind, f.snippet) for f in found] == [
        ("bandit-b102", 1, Kind.QUALITY, "exec(x)  # nosec")
    ]


def test_python_is_judged_by_content_and_not_by_extension() -> None:
    view = member("bin/tool", "exec(x)\n", is_python=True)
    assert [f.rule for f in quality(view, plain_ruleset())] == ["bandit-b102"]
    assert list(quality(member("notes.txt", "exec(x)\n"), plain_ruleset())) == []


@pytest.mark.parametrize(
    ("source", "line"),
    [(b'print( "two"\n', 1), (b"x = 1\n\0", 2), (b"\xef\xbb\xbf# coding: latin-1\nx = 1\n", 1), (b"# coding: no\n", 1)],
)
def test_a_file_that_bandit_skips_is_a_finding(manager: Any, source: bytes, line: int) -> None:
    assert by_bandit(manager, source, "dir/a.py") is None
    (found,) = quality(member("a.py", source, role=Role.BUILD), plain_ruleset())
    assert (found.rule, found.kind, found.role, found.line) == ("bandit-skipped", Kind.LIMITS, Role.BUILD, line)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x = " + " + ".join(["'a'"] * 900) + "\n", id="sum"),
        pytest.param("x" + ".a" * 900 + "()\n", id="attribute"),
    ],
)
def test_a_deep_expression_is_either_read_whole_or_reported(source: str) -> None:
    source += "exec(x)\n"
    found = {f.rule for f in quality(member("a.py", source), plain_ruleset())}
    assert "bandit-b102" in found


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("\n".join(["x = " + " + ".join(["'a'"] * 200)] * 300), id="many sums of strings"),
        pytest.param("x = '" + "select " * 8_000 + "'.format(1)\n", id="one long query"),
        pytest.param("f()\n" * 30_000, id="nothing but calls"),
        pytest.param("x = f'" + "a{b}" * 10_000 + "'\n", id="one long f-string"),
    ],
)
@pytest.mark.timeout(60)
def test_dense_source_ends_by_its_budget_and_says_so(source: str) -> None:
    report = run(ast.parse(source), source.encode(), "a.py", limit=300_000)
    assert report.exhausted


def test_long_dictionaries_cost_no_quadratic_time_and_change_no_finding(manager: Any) -> None:
    keys = "".join(f"    'key{i}': 'value',\n" for i in range(600))
    data = f"x = {{\n    'password': 'word',\n{keys}    'secret': 'other',\n}}\n".encode()
    assert by_us(data, "dir/a.py") == by_bandit(manager, data, "dir/a.py")


def test_places_beyond_the_cap_are_counted() -> None:
    found = list(quality(member("a.py", "assert x\n" * 40), plain_ruleset()))
    assert [f.rule for f in found] == ["bandit-b101"] * PLACES_PER_RULE + ["findings-capped"]
    assert "40 places" in found[-1].snippet


def test_titles_say_what_the_test_is_called() -> None:
    assert rule_title("B102") == "Bandit B102: exec used"
    assert rule_title("B404") == "Bandit B404: import subprocess"
