"""The real scanner finds inside of the sandbox what it finds outside: nothing that it needs is missing there."""

from __future__ import annotations

import base64
import statistics
import time
import zlib
from typing import TYPE_CHECKING

import msgspec
import pytest

from scanner.inspect import inspect
from scanner.ruleset import Ruleset
from scanner.sandbox import Sandbox
from tests.fixtures.artifacts import MALICIOUS, benign_release, build_wheel
from tests.hostile.test_probes import PROBES
from tests.hostile.test_techniques import TECHNIQUES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Codecs, and code that asks the analysers for everything: what is imported late would be missing in the child.
STRANGE = {
    "strange/__init__.py": b"# -*- coding: cp1252 -*-\nname = '\xe4'\n",
    "strange/utf7.py": b"# -*- coding: utf-7 -*-\n+AGk-mport os\n",
    "strange/japanese.py": "# -*- coding: shift_jis -*-\nname = '日本'\n".encode("shift_jis"),
    "strange/unknown.py": b"# -*- coding: klingon -*-\n",
    "strange/broken.py": b"def broken(:\n",
    "strange/deep.py": b"x = " + b"-" * 5000 + b"1\n",
    "strange/nul.py": b"x = 1\0\n",
    "strange/data.bin": bytes(range(256)) * 16,
    "strange/lib.so": b"\x7fELF" + bytes(200),
    "strange/model.pkl": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "strange/page.js": b"function walk(node) { return node ? walk(node.next) + 1 : 0; }\n" * 60,
    "strange/run.sh": b"#!/bin/sh\necho one two three\n" * 20,
    "strange/run.ps1": b"Write-Output 'one two three'\n" * 20,
    "strange/book.ipynb": b'{"cells": [{"cell_type": "code", "source": ["print(1)"]}], "nbformat": 4}',
    "strange/uses.py": b"open('page.js'); open('run.sh'); open('run.ps1'); open('book.ipynb')\n",
    "strange/layers.py": b"import base64, zlib\nexec(zlib.decompress(base64.b64decode(%r)))\n"
    % base64.b64encode(zlib.compress(b"import os\nos.system('true')\n")),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return Ruleset.load()


def _artifacts() -> dict[str, bytes]:
    known = {case.filename: case.data for case in MALICIOUS.values()}
    known |= {artifact.filename: artifact.data for artifact in benign_release("demo", "1.0")}
    strange = build_wheel("strange", "1.0", STRANGE)
    return known | {strange.filename: strange.data, "damaged-1.0.tar.gz": b"\x1f\x8b\x08" + bytes(40)}


ARTIFACTS = _artifacts()


@pytest.mark.parametrize("filename", ARTIFACTS)
def test_inspection_is_the_same_inside_and_outside(
    sandbox: Sandbox, ruleset: Ruleset, tmp_path: Path, filename: str
) -> None:
    data = ARTIFACTS[filename]
    path = tmp_path / "artifact"
    path.write_bytes(data)
    inside = sandbox.inspect(path, filename)
    assert inside.sandbox_level == sandbox.level
    assert msgspec.structs.replace(inside, sandbox_level=()) == inspect(data, filename, ruleset)


def test_nothing_is_imported_late(sandbox: Sandbox, tmp_path: Path) -> None:
    probes = [artifact for forms in PROBES.values() for artifact in forms.values()]
    techniques = [technique.artifact for technique in TECHNIQUES]
    for filename, data in (*ARTIFACTS.items(), *probes, *techniques):
        (tmp_path / "artifact").write_bytes(data)
        for finding in sandbox.inspect(tmp_path / "artifact", filename).findings:
            assert finding.rule != "analysis-failed", (filename, finding.member, finding.snippet)
            assert "ModuleNotFound" not in finding.snippet
            assert "ImportError" not in finding.snippet


def test_small_artifact_takes_little_longer_than_the_work_itself(
    sandbox: Sandbox, ruleset: Ruleset, tmp_path: Path
) -> None:
    wheel = build_wheel("tiny", "1.0", {"tiny/__init__.py": b"value = 1\n"})
    path = tmp_path / "artifact"
    path.write_bytes(wheel.data)

    def seconds(call: object) -> float:
        begun = time.perf_counter()
        call()  # type: ignore[operator] # a lambda
        return time.perf_counter() - begun

    outside = statistics.median(seconds(lambda: inspect(wheel.data, wheel.filename, ruleset)) for _ in range(9))
    inside = statistics.median(seconds(lambda: sandbox.inspect(path, wheel.filename)) for _ in range(9))
    # Some ten milliseconds on an idle machine; the bar is far above what a loaded one adds.
    assert inside - outside < 0.25
