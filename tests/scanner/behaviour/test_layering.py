"""Decoded literals become members, with the way that led to them."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING

import pytest

from scanner.analyzers.behaviour import behaviour
from scanner.behaviour import capabilities, layers_of
from scanner.view import ArtifactView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scanner.ruleset import Ruleset

NOISE = "".join(hashlib.sha256(bytes([i])).hexdigest() for i in range(5))
INNER = f"import os\nos.system('echo marker')\n# {NOISE}\n".encode()
B64 = base64.b64encode(INNER).decode()
PACKED = base64.b64encode(zlib.compress(INNER)).decode()

SOURCES = {
    "decoded and executed": (f"import base64\nexec(base64.b64decode('{B64}'))", ("base64",)),
    "two steps": (f"import base64, zlib\nexec(zlib.decompress(base64.b64decode('{PACKED}')))", ("base64", "zlib")),
    "only a literal": (f"TEXT = '{PACKED}'\nunknown.run(TEXT)", ("base64", "zlib")),
    "decoded by nobody we know": (f"from x import y\ny('{B64}')", ("base64",)),
    "computed": (f"exec(''.join(chr(i - 1) for i in {[byte + 1 for byte in INNER]}))", ("computed",)),
    "written to a file": (f"open('x.py', 'w').write({INNER.decode() + '# ' + 'x' * 40!r})", ("written",)),
    "python in a command": (
        "import subprocess\nsubprocess.run(['python3', '-c', \"import os;os.system('echo marker')\"])",
        ("python -c",),
    ),
    "encoded in a command": (f"import os\nos.system('echo {B64} | base64 -d | python')", ("base64",)),
}


@pytest.mark.parametrize(("source", "steps"), SOURCES.values(), ids=SOURCES.keys())
def test_the_hidden_program_is_a_member_of_its_own(
    source: str, steps: tuple[str, ...], view: Callable[[Mapping[str, str], bool], ArtifactView]
) -> None:
    artifact = view({"pkg/__init__.py": source}, True)
    hidden = [layer for layer in layers_of(artifact) if layer.is_python]
    assert [(layer.name, layer.layers) for layer in hidden] == [("pkg/__init__.py", steps)]
    assert b"os.system('echo marker')" in hidden[0].data


def test_a_layer_is_analysed_like_any_member_and_named_with_its_way(
    ruleset: Ruleset, view: Callable[[Mapping[str, str], bool], ArtifactView]
) -> None:
    artifact = view({"pkg/__init__.py": SOURCES["two steps"][0]}, True)
    (layer,) = (layer for layer in layers_of(artifact) if layer.is_python)
    inner = ArtifactView(artifact.filename, True, artifact.metadata, {layer.name: layer}, {layer.name: layer.role})
    findings = list(behaviour(inner, ruleset))
    assert [(f.rule, f.line, f.layers) for f in findings] == [("process-at-import", 2, ("base64", "zlib"))]


def test_layers_below_layers_carry_the_whole_way(view: Callable[[Mapping[str, str], bool], ArtifactView]) -> None:
    outer = f"import base64\nexec(base64.b64decode('{B64}'))".encode()
    source = f"import base64\nexec(base64.b85decode('{base64.b85encode(outer).decode()}'))"
    artifact = view({"pkg/__init__.py": source}, True)
    (first,) = (layer for layer in layers_of(artifact) if layer.is_python)
    inner = ArtifactView(artifact.filename, True, artifact.metadata, {first.name: first}, {first.name: first.role})
    (second,) = (layer for layer in layers_of(inner) if layer.is_python)
    assert second.layers == ("base85", "base64")
    assert second.data == INNER


def test_bytes_that_are_no_program_are_layers_for_the_other_analysers(
    view: Callable[[Mapping[str, str], bool], ArtifactView],
) -> None:
    program = base64.b64encode(b"MZ" + bytes(range(256)) * 4).decode()
    artifact = view({"pkg/__init__.py": f"BLOB = '{program}'"}, True)
    (layer,) = layers_of(artifact)
    assert layer.data.startswith(b"MZ")
    assert not layer.is_python


def test_a_literal_that_hides_nothing_gives_no_layer(view: Callable[[Mapping[str, str], bool], ArtifactView]) -> None:
    source = "DIGEST = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'\nWORDS = 'some words ' * 9"
    assert list(layers_of(view({"pkg/__init__.py": source}, True))) == []


@pytest.mark.parametrize(
    ("source", "able"),
    [
        ("x = 1", ()),
        ("import requests\ndef f():\n    requests.get('https://host.invalid')", ("network",)),
        ("import subprocess\nsubprocess.run(['ls'])", ("process",)),
        ("exec('x = 1')", ("dynamic-code",)),
        ("import pickle\ndef f(x):\n    return pickle.loads(x)", ("dynamic-code",)),
        ("import ctypes\nctypes.CDLL('x.so')", ("native",)),
        ("import os\nos.environ['X']", ("environment",)),
        ("open('x', 'w').write('y')", ("filesystem-write",)),
        ("open('/etc/passwd').read()", ("credentials",)),
        ("import os\nos.system('crontab x')", ("persistence", "process")),
    ],
)
def test_capabilities_say_what_running_code_can_do(
    source: str, able: tuple[str, ...], view: Callable[[Mapping[str, str], bool], ArtifactView]
) -> None:
    assert capabilities(view({"pkg/__init__.py": source}, True)) == able


def test_code_of_tests_gives_no_capability(view: Callable[[Mapping[str, str], bool], ArtifactView]) -> None:
    members = {"pkg/__init__.py": "", "pkg/tests/test_x.py": "import os\nos.system('ls')"}
    assert capabilities(view(members, True)) == ()
