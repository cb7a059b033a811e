"""Names that many rely on, and how near another name comes to one of them."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Likeness", "Names", "read_names"]

_LETTERS: Final = string.ascii_lowercase
_FILES: Final = ("popular.txt", "commands.txt", "disposable.txt")
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.+_-]{0,98}[a-z0-9])?")
#: Up to which rank a popular name of at most that length counts: others are near to short names by chance.
_RANK_FOR_LENGTH: Final = ((4, 0), (5, 300), (6, 1_500), (7, 4_000), (8, 8_000))
_AFFIXED_RANK: Final = 1_000
_SHORTEST_AFFIXED: Final = 5
_AFFIXES: Final = frozenset(
    {"api", "async", "beta", "client", "core", "dev", "fix", "fixed", "helper", "helpers", "http", "lib", "module"}
    | {"new", "official", "plus", "pro", "py", "python", "python3", "sdk", "secure", "security", "test", "tool"}
    | {"tools", "update", "updated", "utils", "v2"}
)
#: Letters and pairs that are read as others.
_LOOKALIKES: Final = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), ("3", "e"), ("q", "g"))


@dataclass(frozen=True, slots=True)
class Likeness:
    """The popular name that another is near to, its rank, and in which way."""

    name: str
    rank: int
    how: str

    def __str__(self) -> str:
        """For a finding."""
        return f"{self.how} {self.name} (number {self.rank} by downloads)"


@dataclass(frozen=True)
class Names:
    """The lists of `rules/names/`."""

    popular: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Normalised names of projects by their rank, the most downloaded one is 1."""
    commands: frozenset[str] = frozenset()
    disposable: frozenset[str] = frozenset()
    """Domains of mail services that give addresses for minutes."""

    def near(self, name: str) -> Likeness | None:
        """The most popular project whose name is easily taken for the normalised `name`; none for a popular name."""
        if name in self.popular:
            return None
        likely = [
            *self._read_as(_skeleton(name), "look-alike letters"),
            *self._read_as(_squashed(name), "separators"),
            *(
                Likeness(other, self.popular[other], "one letter from")
                for other in _edited(name)
                if self._is_long(other)
            ),
        ]
        return min((one for one in likely if one.name != name), key=lambda one: one.rank, default=None)

    def built_on(self, name: str) -> Likeness | None:
        """The popular project of whose name and a common word the normalised `name` is made."""
        if name in self.popular:
            return None
        parts = [part for part in _without_affixes(name) if len(part) >= _SHORTEST_AFFIXED]
        ranked = [Likeness(part, self.popular[part], "made of") for part in parts if part in self.popular]
        return min((one for one in ranked if one.rank <= _AFFIXED_RANK), key=lambda one: one.rank, default=None)

    def _read_as(self, form: str, how: str) -> Iterator[Likeness]:
        other = self._forms[how].get(form)
        if other is not None and (how == "separators" or self._is_long(other)):
            yield Likeness(other, self.popular[other], f"but for {how}")

    def _is_long(self, other: str) -> bool:
        """Whether `other` is popular, and long enough for its rank that names are not near to it by chance."""
        rank = self.popular.get(other)
        least = next((most for length, most in _RANK_FOR_LENGTH if len(other) <= length), None)
        return rank is not None and (least is None or rank <= least)

    @cached_property
    def _forms(self) -> dict[str, dict[str, str]]:
        """Popular names by what they look like; of several, the most popular one."""
        forms: dict[str, dict[str, str]] = {"separators": {}, "look-alike letters": {}}
        for name in self.popular:
            forms["separators"].setdefault(_squashed(name), name)
            forms["look-alike letters"].setdefault(_skeleton(name), name)
        return forms


def read_names(texts: Mapping[str, str]) -> Names:
    """The lists by their file names (`popular.txt`, `commands.txt`, `disposable.txt`); a list that is missing is empty.

    Raises:
        ValueError: there is another file, or a line is no name; the message says which.
    """
    lists: dict[str, list[str]] = {}
    for file, text in texts.items():
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        wrong = next((line for line in lines if not _NAME.fullmatch(line)), None)
        if file not in _FILES or wrong is not None:
            raise ValueError(
                f"names/{file}: expected {', '.join(_FILES)} with a lower-case name on each line, got {wrong!r}"
            )
        lists[file] = lines
    popular, commands, disposable = (lists.get(file, []) for file in _FILES)
    ranks = {name: rank for rank, name in reversed(list(enumerate(popular, start=1)))}
    return Names(MappingProxyType(ranks), frozenset(commands), frozenset(disposable))


def _edited(name: str) -> Iterator[str]:
    """Every name that is one letter more, less or other than `name`, or has two neighbours swapped.

    Digits are left alone: what differs in a number is another version, more likely than a mistake.
    """
    for at in range(len(name) + 1):
        before, after = name[:at], name[at:]
        yield from (before + letter + after for letter in _LETTERS)
        if after and after[0] in _LETTERS:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in _LETTERS if letter != after[0])
        if len(after) > 1 and after[0] != after[1]:
            yield before + after[1] + after[0] + after[2:]


def _without_affixes(name: str) -> Iterator[str]:
    """What is left of the name without a common word before or after it."""
    for affix in _AFFIXES:
        for separator in ("-", ""):
            # Glued to a name, only these are words of their own.
            if separator or affix in {"py", "python"}:
                yield from (name.removeprefix(affix + separator), name.removesuffix(separator + affix))


def _squashed(name: str) -> str:
    return name.replace("-", "")


def _skeleton(name: str) -> str:
    for one, other in _LOOKALIKES:
        name = name.replace(one, other)
    return name
