"""The files that a requirements file with hashes stands for, fetched without building anything.

pip itself builds the metadata of an sdist that it downloads, which runs the sdist. Here the index is asked for the
project's files, and those whose hashes are listed are fetched as they are. What cannot be resolved to a file with a
listed hash is not scanned, and that is said.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pinned", "RequirementsRefused", "Wanted", "read_requirements"]

_HASH: Final = re.compile(r"--hash[= ]sha256:([0-9a-f]{64})")
_OPTION: Final = re.compile(r"(?<!\S)--?[a-z]")
_COMMENT: Final = re.compile(r"(^|\s)#.*$")
_CONTINUED: Final = re.compile(r"\\\r?\n")
#: Options that say how to install, not what.
_NO_MATTER: Final = frozenset(
    {"--require-hashes", "--no-binary", "--only-binary", "--prefer-binary", "--pre", "--use-pep517"}
)
_INDEX: Final = frozenset({"-i", "--index-url", "--pypi-url"})


class RequirementsRefused(Exception):
    """A line that does not name exactly one release and its hashes; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """One release, and the SHA-256 of each of its files that may be installed."""

    name: str
    version: Version
    hashes: frozenset[str]

    def __str__(self) -> str:
        """As in the requirements file."""
        return f"{self.name}=={self.version}"


@dataclass(slots=True)
class Wanted:
    """What a requirements file asks for, and from which index where it says so."""

    pinned: list[Pinned] = field(default_factory=list)
    index: str = ""


def read_requirements(text: str) -> Wanted:
    """The releases of a requirements file in which every line has hashes. Those for other platforms are left out.

    Raises:
        RequirementsRefused: a line means something else, or has no hash.
    """
    wanted = Wanted()
    for number, line in _lines(text):
        if line.startswith("-"):
            wanted.index = _option(number, line) or wanted.index
        elif (pinned := _pinned(number, line)) is not None:
            wanted.pinned.append(pinned)
    return wanted


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first physical one, without comments."""
    number = 1
    while text:
        end = 0
        while (match := re.compile(r"\r?\n").search(text, end)) and text[: match.start()].endswith("\\"):
            end = match.end()
        whole, text = (text[: match.start()], text[match.end() :]) if match else (text, "")
        line = _CONTINUED.sub(" ", "\n".join(_COMMENT.sub("", part) for part in whole.split("\n"))).strip()
        if line:
            yield number, line
        number += whole.count("\n") + 1


def _option(number: int, line: str) -> str:
    """The index that the option names; nothing for an option that does not matter here."""
    try:
        words = shlex.split(line.replace("=", " ", 1))
    except ValueError as error:
        raise RequirementsRefused(f"line {number}: {error}") from error
    if words[0] in _INDEX and len(words) == 2:  # noqa: PLR2004 # the option and its value
        return words[1]
    if words[0] in _NO_MATTER:
        return ""
    raise RequirementsRefused(
        f"line {number}: {words[0]} is not supported here; expected NAME==VERSION --hash=sha256:…"
    )


def _pinned(number: int, line: str) -> Pinned | None:
    match = _OPTION.search(line)
    text, options = (line[: match.start()], line[match.start() :]) if match else (line, "")
    try:
        requirement = Requirement(text.strip())
        (specifier,) = requirement.specifier
        version = Version(specifier.version)
    except (InvalidRequirement, InvalidVersion, ValueError) as error:
        raise RequirementsRefused(f"line {number}: {text.strip()[:80]!r} is not NAME==VERSION ({error})") from error
    if requirement.url or specifier.operator not in {"==", "==="}:
        raise RequirementsRefused(f"line {number}: {text.strip()[:80]!r}: expected NAME==VERSION, one exact release")
    hashes = frozenset(_HASH.findall(options))
    if not hashes or _HASH.sub("", options).strip():
        raise RequirementsRefused(
            f"line {number}: {requirement.name}: expected --hash=sha256:… and nothing else after the version; "
            "`pip-compile --generate-hashes` or `uv pip compile --generate-hashes` write them"
        )
    if requirement.marker is not None and not requirement.marker.evaluate():
        return None
    return Pinned(canonicalize_name(requirement.name), version, hashes)
