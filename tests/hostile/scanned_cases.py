"""Hostile classes that the archive lets pass, because the scanner judges them: artifacts and their verdicts."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.model import Outcome
from tests.hostile.dense_sources import DENSE
from tests.hostile.probe_kit import sdist, stored, wheel, zipped

if TYPE_CHECKING:
    from tests.fixtures.artifacts import Artifact

__all__ = ["SCANNED_CASES", "ScannedCase"]


@dataclass(frozen=True, slots=True)
class ScannedCase:
    """An artifact of class `number`, its outcome as a first release, and the rule that says why."""

    number: int
    id: str
    artifact: Artifact
    outcome: Outcome
    rule: str


class _Runs:
    """What a pickle stores of it is a call; nothing here loads it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("'pratique-inert-marker'",)


_PICKLE: Final = pickle.dumps(_Runs(), 2)
_NPY: Final = (
    b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
)
_ELF: Final = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(200)
#: In pieces, so that no virus scanner takes this file away.
_EICAR: Final = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS" + "-TEST-FILE!$H+H*"
_SITE: Final = "inert_probe-1.0.data/data/lib/python3.11/site-packages"


def _deep(depth: int) -> bytes:
    data = zipped({"words.txt": "one"})
    for number in range(depth):
        data = zipped({f"{number}.zip": data})
    return data


def _module(source: str | bytes, name: str = "inert_probe/a.py") -> Artifact:
    return stored({name: source})


_F, _U, _C = Outcome.FLAGGED, Outcome.UNSCANNABLE, Outcome.CLEAR
_NAMED: Final = {"inert_probe/__init__.py": "NAME = 'words.zip'\n"}

SCANNED_CASES: Final = (
    ScannedCase(
        3, "deeper-than-read", wheel({**_NAMED, "inert_probe/words.zip": _deep(4)}), _U, "nested-archive-unread"
    ),
    ScannedCase(10, "case", wheel({"inert_probe/A.py": "", "inert_probe/a.py": ""}), _F, "case-collision"),
    ScannedCase(41, "prior-only", sdist({}), _C, "setup-without-pyproject"),
    ScannedCase(53, "path-file", wheel({"a.pth": "import os; os.putenv('A', '1')\n"}), _F, "startup-code"),
    ScannedCase(53, "sitecustomize", wheel({"sitecustomize.py": "A = 1\n"}), _F, "startup-module"),
    ScannedCase(53, "data-scheme", wheel({f"{_SITE}/usercustomize.py": "A = 1\n"}), _F, "startup-module"),
    ScannedCase(54, "syntax", _module("x = = 1\n"), _U, "source-unreadable"),
    ScannedCase(54, "nul", _module(b"x = 1\0\n"), _U, "source-unreadable"),
    ScannedCase(54, "recursion", _module(DENSE["signs"]), _U, "source-unreadable"),
    ScannedCase(54, "too-large", _module("# a comment of some length\n" * 50_000), _U, "member-too-large"),
    ScannedCase(54, "too-dense", _module(DENSE["a mebibyte of names"]), _U, "budget-reached"),
    ScannedCase(55, "utf-7", _module(b"# coding: utf-7\n+AGk-mport os\n"), _F, "exotic-encoding"),
    ScannedCase(55, "escape", _module(b"# coding: unicode_escape\n#\\x0aimport os\n"), _F, "exotic-encoding"),
    ScannedCase(55, "hz", _module(b"# coding: hz\nx = 1\n"), _F, "exotic-encoding"),
    ScannedCase(56, "bidi", _module("a = 'user\u202e \u2066# check\u2069 \u2066'\n"), _F, "bidirectional-text"),
    ScannedCase(56, "homoglyph", _module("def s\u0430ve():\n    pass\n"), _F, "mixed-script-identifier"),
    ScannedCase(57, "integer", _module("x = " + "9" * 5_000 + "\n"), _U, "source-unreadable"),
    ScannedCase(57, "literal", _module(DENSE["one formatted text"]), _F, "budget-reached"),
    ScannedCase(58, "bandit-exhausted", _module(DENSE["one text of select"]), _U, "bandit-skipped"),
    ScannedCase(61, "pickle", wheel({"inert_probe/a.pkl": _PICKLE}), _F, "pickle-runs-code"),
    ScannedCase(61, "npz", wheel({"inert_probe/a.npz": zipped({"a.npy": _NPY + _PICKLE})}), _F, "pickle-runs-code"),
    ScannedCase(61, "pt", wheel({"inert_probe/a.pt": zipped({"a/data.pkl": _PICKLE})}), _F, "pickle-runs-code"),
    ScannedCase(62, "under-a-picture's-name", wheel({"inert_probe/a.png": _ELF}), _F, "misleading-extension"),
    ScannedCase(62, "in-a-pure-wheel", wheel({"inert_probe/_a.so": _ELF}), _C, "binary-against-tag"),
    # What matches the wheel's tag and has nothing suspicious in it counts as inspected.
    ScannedCase(62, "of-its-tag", wheel({"inert_probe/_a.so": _ELF}, tag="cp311-cp311-linux_x86_64"), _C, ""),
    ScannedCase(68, "antivirus-test-file", wheel({"inert_probe/a.com": _EICAR}), _F, "antivirus-test-file"),
    ScannedCase(
        68, "in-an-archive", wheel({"inert_probe/a.zip": zipped({"a.com": _EICAR})}), _F, "antivirus-test-file"
    ),
)
