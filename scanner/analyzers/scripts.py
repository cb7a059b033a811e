"""Scripts of other languages: what they decode is decoded and looked at, and lines that nobody writes are shown.

What their plain text says is a matter for the YARA rules, which see every member.
"""

from __future__ import annotations

import base64
import binascii
import re
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.layers import plausible, unfold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.analyzers.opening import Opening
    from scanner.model import Finding
    from scanner.view import MemberView

__all__ = ["scripts"]

_SUFFIXES: Final = {
    ".sh": "shell",
    ".bash": "shell",
    ".zsh": "shell",
    ".command": "shell",
    ".ps1": "powershell",
    ".psm1": "powershell",
    ".bat": "batch",
    ".cmd": "batch",
    ".js": "javascript",
    ".cjs": "javascript",
    ".mjs": "javascript",
    ".jse": "javascript",
    ".vbs": "vbscript",
    ".vbe": "vbscript",
    ".wsf": "vbscript",
    ".hta": "vbscript",
    ".php": "php",
    ".pl": "perl",
    ".rb": "ruby",
    ".applescript": "applescript",
}
_SHEBANG: Final = re.compile(rb"#![^\n]{0,100}\b(sh|bash|zsh|dash|node|deno|bun|perl|ruby|php|pwsh|osascript)\b")
_INTERPRETERS: Final = {b"node": "javascript", b"deno": "javascript", b"bun": "javascript", b"pwsh": "powershell"}
_SCANNED: Final = 4 * 1024 * 1024

#: PowerShell takes any beginning of `-EncodedCommand`; the text is base64 of UTF-16.
_POWERSHELL: Final = re.compile(
    rb"(?:powershell|pwsh)[^\n]{0,300}?[\s\"',]-e(?:c|nc?|nco[a-z]{0,11})?[\s:\"',]{1,6}([A-Za-z0-9+/]{24,}={0,2})",
    re.IGNORECASE,
)
_DECODERS: Final = re.compile(
    rb"(?:FromBase64String|atob|b64decode|base64_decode|decode_base64|Base64\.decode64|Buffer\.from)"
    rb"\(\s{0,8}[\"'`]([A-Za-z0-9+/_-]{24,}={0,2})[\"'`]"
    rb"|echo\s+(?:-\w+\s+)?[\"']?([A-Za-z0-9+/]{24,}={0,2})[\"']?\s*\|\s*(?:base64|openssl)\b"
    rb"|base64\s+(?:-d|-D|--decode)\s*<<<\s*[\"']?([A-Za-z0-9+/]{24,}={0,2})",
    re.IGNORECASE,
)
_MOST_LAYERS: Final = 20

#: One line of a script that is longer holds something that was packed. JavaScript for browsers is like that anyway.
_LONG_LINE: Final = 4_000
_ORDINARY_LONG: Final = frozenset({"javascript", "php"})
#: What runs of long lines that are data: embedded icons, certificates, package archives of installers.
_CODE_IN_LINE: Final = re.compile(
    rb"\b(?:eval|exec|iex|invoke-expression|base64|frombase64string|gunzip|openssl|python\d?|perl|sh|bash)\b",
    re.IGNORECASE,
)
#: Runs of `set` in which a batch file spells its commands letter by letter.
_SPELLED: Final = re.compile(rb"(?:%[^%\s:=]{1,16}%|%[^%\s=]{1,16}:~\d{1,3},\d%){12}")
_CARETS: Final = re.compile(rb"(?:\w\^){8}")
_BACKTICKS: Final = re.compile(rb"(?:[A-Za-z]`){5}[A-Za-z]")

_FETCH: Final = rb"(?:curl|wget|fetch)\s"
_INTERPRETER: Final = (
    rb"(?:sudo\s{1,4}(?:-\w{1,4}\s{1,4})?)?(?:[\w/]{0,20}/)?(?:env\s{1,4})?"
    rb"(?:(?:ba|z|da|k|c)?sh|python[\d.]{0,4}|perl|node)\b"
)
#: What a command fetches goes straight into an interpreter.
_FETCHED_RUN: Final = re.compile(
    rb"\b"
    + _FETCH
    + rb"[^\n|]{4,200}\|\s{0,4}"
    + _INTERPRETER
    + rb"|(?:\beval|\b(?:ba|z|da|k)?sh\s{1,4}-\w{0,3}c|\bpython[\d.]{0,4}\s{1,4}-c)\s{1,4}[\"']{0,2}(?:\$\(|`)\s{0,4}"
    + _FETCH
    + rb"|(?:\b(?:ba|z|k)sh|\bsource|(?:^|\s)\.)\s{1,4}(?:-\w{1,3}\s{1,4})?<{1,2}\s{0,2}<?\(\s{0,4}"
    + _FETCH
)
#: A command that fetches to a file, and the beginnings of commands that start that file.
_FETCHED_FILE: Final = re.compile(
    rb"\b"
    + _FETCH
    + rb"(?:[^\n|;&]{0,200}?\s)?(?:-\w{0,6}[oO]|--output(?:-document)?)[ =]{0,2}[\"']?([^\s\"';&|]{3,100})"
)
_STARTED: Final = (
    rb"(?:\b(?:ba|z|da|k)?sh|\bpython[\d.]{0,4}|\bsource|\bexec|\bnohup)\s{1,4}[\"']?%s"
    rb"|^\s{0,20}[\"']?(?:\./)?%s[\"']?(?:\s|$)"
)
_MOST_FETCHES: Final = 50
_NEAR: Final = 1_000
_SEARCHED: Final = 256 * 1024


def scripts(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """What the script decodes, as layers, and lines that hide what they do."""
    data = view.data[:_SCANNED]
    language = _language(view)
    if not language and b"owershell" not in data.lower():
        return
    # A text of another kind that starts PowerShell with an encoded command holds that command in a literal.
    for step, text in _decoded(data, commands_only=not language):
        role = opening.role(view)  # asked where it matters: of a member that decodes nothing it can be kept
        if opening.affords(role, len(text)):
            yield opening.layer(view, step, text, role=role)
    if language:
        yield from _lines(language, data, view, opening)
    if language == "shell":
        yield from _fetching(data, view, opening)


def _language(view: MemberView) -> str:
    if view.is_python:
        return ""
    name = view.layers[-1] if view.layers else view.name
    known = _SUFFIXES.get(PurePosixPath(name).suffix.lower(), "")
    if known:
        return known
    match = _SHEBANG.match(view.data)
    if match:
        return _INTERPRETERS.get(match[1], "shell")
    # What a script decodes is most often for its own interpreter.
    return _SUFFIXES.get(PurePosixPath(view.name).suffix.lower(), "")


def _decoded(data: bytes, *, commands_only: bool) -> Iterator[tuple[str, bytes]]:
    """The texts that the script hands to a decoder."""
    given = 0
    for match in _POWERSHELL.finditer(data):
        text = _utf16(match[1])
        if text and given < _MOST_LAYERS:
            given += 1
            yield "PowerShell command", text
    if commands_only:
        return
    for match in _DECODERS.finditer(data):
        packed = next(group for group in match.groups() if group)
        plain = _base64(packed)
        if plain is None or not plausible(plain):
            continue
        for step, layer in (("base64", plain), *((" → ".join(("base64", *x.steps)), x.data) for x in unfold(plain, 3))):
            given += 1
            if given <= _MOST_LAYERS:
                yield step, _utf16_text(layer) or layer


def _base64(packed: bytes) -> bytes | None:
    plain = packed.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except (ValueError, binascii.Error):
        return None


def _utf16(packed: bytes) -> bytes:
    data = _base64(packed)
    if data is None:
        return b""
    return _utf16_text(data) or (data if plausible(data) else b"")


def _utf16_text(data: bytes) -> bytes:
    """UTF-16 as UTF-8; empty for what is no UTF-16."""
    sample = data[:512]
    if len(sample) < 8 or sample[1::2].count(0) * 4 < 3 * len(sample[1::2]):  # noqa: PLR2004 # mostly letters
        return b""
    return data.decode("utf-16-le", "replace").encode("utf-8", "replace")


def _lines(language: str, data: bytes, view: MemberView, opening: Opening) -> Iterator[Finding]:
    if language == "batch" and (match := _SPELLED.search(data) or _CARETS.search(data)):
        yield opening.found("script-spells-commands", view, _shown(match[0]), role=opening.role(view))
    if language == "powershell" and (match := _BACKTICKS.search(data)):
        yield opening.found("script-spells-commands", view, _shown(match[0]), role=opening.role(view))
    if language in _ORDINARY_LONG:
        return
    for number, line in enumerate(data.splitlines(), start=1):
        if len(line) >= _LONG_LINE and _CODE_IN_LINE.search(line[:2000]):
            yield opening.ruleset.finding(
                "script-packed-line",
                role=opening.role(view),
                member=view.name,
                line=number,
                snippet=f"{len(line)} characters: {_shown(line[:120])}",
                layers=view.layers,
            )
            return


def _fetching(data: bytes, view: MemberView, opening: Opening) -> Iterator[Finding]:
    """The first place where the script runs what it fetches, in one command or through a file."""
    data = data[:_SEARCHED]  # a longer script is no script; the text rules see all of it
    match = _FETCHED_RUN.search(data)
    for fetched in islice(_FETCHED_FILE.finditer(data), _MOST_FETCHES):
        if match is not None and match.start() < fetched.start():
            break
        path = re.escape(fetched[1])
        if re.search(_STARTED % (path, path), data[fetched.end() : fetched.end() + _NEAR], re.MULTILINE):
            match = fetched
            break
    if match is not None:
        yield opening.ruleset.finding(
            "script-runs-download",
            role=opening.role(view),
            member=view.name,
            line=data.count(b"\n", 0, match.start()) + 1,
            snippet=_shown(match[0]),
            layers=view.layers,
        )


def _shown(text: bytes) -> str:
    return repr(text[:150])[2:-1]
