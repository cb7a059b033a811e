"""Faults: what is wrong with an upload, each with a stable code, a sentence, and the place that explains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner.archive.codes import Code

__all__ = ["ArchiveRefused", "Fault", "FaultList", "shown"]

_PAGE: Final = "docs/upload-errors.md"
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason to refuse an upload. `code` is stable and dotted; `message` says what was got, expected, and to do."""

    code: str
    message: str

    @property
    def anchor(self) -> str:
        """Where the fault is explained: a page of this project, and the place in it."""
        return f"{_PAGE}#{self.code.replace('.', '-')}"


class ArchiveRefused(Exception):
    """An upload whose bytes or filename break the rules; `faults` says how, at least once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(f"{fault.message} [{fault.code}]" for fault in self.faults)


class FaultList:
    """Collects the faults of one upload, so that its maintainer hears of all at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._faults))

    def add(self, code: Code, message: str) -> None:
        """The fault is noted.

        Raises:
            ArchiveRefused: there are as many faults now as are reported of one upload.
        """
        self._faults.append(Fault(code.value, message))
        if len(self._faults) >= self._limit:
            raise ArchiveRefused(self._faults)

    def refuse(self, code: Code, message: str) -> NoReturn:
        """Nothing more can be read after this fault.

        Raises:
            ArchiveRefused: always, with everything noted so far.
        """
        self.add(code, message)
        raise ArchiveRefused(self._faults)

    def check(self) -> None:
        """There is no fault so far.

        Raises:
            ArchiveRefused: there is one, or more.
        """
        if self._faults:
            raise ArchiveRefused(self._faults)


def shown(text: str | bytes, limit: int = _SHOWN, *, ascii_only: bool = False) -> str:
    """Attacker text in quotes, cut to `limit` characters, with everything that does not print made visible."""
    if isinstance(text, bytes):
        text = text[: limit * 4 + 1].decode("utf-8", "backslashreplace")
    if len(text) <= limit and text.isascii() and text.isprintable() and "'" not in text and "\\" not in text:
        return f"'{text}'"  # nearly all names; every member's is asked for
    visible = "".join(_visible(character, ascii_only=ascii_only) for character in text[:limit])
    return f"'{visible}'" if len(text) <= limit else f"'{visible}…'"


def _visible(character: str, *, ascii_only: bool) -> str:
    if character == "'":
        return "\\'"
    if character == "\\" or not character.isprintable() or (ascii_only and not character.isascii()):
        return character.encode("unicode_escape").decode("ascii")
    return character
