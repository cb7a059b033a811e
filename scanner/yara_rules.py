"""The YARA rules of a ruleset: compiled once from source, described by their own meta, matched in one pass.

Compiled rules are never loaded: `yara.load` of a damaged file crashes the process.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import yara

from scanner.model import Kind, RuleId
from scanner.rule import RuleInfo, RulesetBroken
from scanner.yara_lint import lint_rule
from scanner.yara_syntax import YaraRule, parse_yara

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Match", "MatchTimeout", "YaraRules", "compile_yara"]

#: Meta that every rule carries.
META: Final = (
    "id",
    "title",
    "meaning",
    "severity",
    "confidence",
    "kind",
    "technique",
    "reference",
    "false_positives",
)
_LISTS: Final = ("roles", "members")
_KINDS: Final = frozenset({Kind.TEXT, Kind.BINARY})
_LINE: Final = re.compile(r"line (\d+)")
#: Larger data is matched with one place per string: a million places would cost more memory than the child has.
_ALL_PLACES_BELOW: Final = 1024 * 1024


class MatchTimeout(Exception):
    """YARA did not finish in the time it was given: what the data holds is not known."""


class Match(NamedTuple):
    """One string of one rule, found at `offset`; `matched` is cut at 512 bytes."""

    rule: RuleId
    offset: int
    matched: bytes


@dataclass(frozen=True, eq=False, slots=True)
class YaraRules:
    """Compiled rules and what they say of themselves."""

    infos: tuple[RuleInfo, ...]
    compiled: Any
    """`yara.Rules`, which has no types."""

    def match(
        self, data: bytes, *, timeout_seconds: int, wanted: Callable[[RuleInfo], bool] | None = None
    ) -> list[Match]:
        """Every place in `data` where a rule found one of its strings, by offset.

        Rules that are not `wanted` are left out. Data of more than a megabyte gives one place per string.

        Raises:
            MatchTimeout: YARA did not finish in `timeout_seconds`.
        """
        hits = self._scan(data, timeout_seconds, fast=len(data) > _ALL_PLACES_BELOW)
        if hits and wanted is not None:
            # Asked only of the few that hit: asking each rule about each member takes as long as matching them all.
            described = {info.id: info for info in self.infos}
            hits = [hit for hit in hits if wanted(described[hit.meta["id"]])]
        return sorted(
            {match for hit in hits for match in _matches(hit)},
            key=lambda match: (match.offset, match.rule, match.matched),
        )

    def _scan(self, data: bytes, timeout_seconds: int, *, fast: bool) -> list[Any]:
        try:
            hits: list[Any] = self.compiled.match(
                data=data, timeout=timeout_seconds, fast=fast, warnings_callback=lambda *_: yara.CALLBACK_CONTINUE
            )
        except yara.TimeoutError as error:
            raise MatchTimeout(
                f"YARA did not finish {len(data)} bytes in {timeout_seconds} s; the data counts as not analysed"
            ) from error
        return hits


def _matches(hit: Any) -> list[Match]:
    """The places of one rule that hit. One whose strings are all `private` shows none: it stands at the beginning."""
    rule = RuleId(hit.meta["id"])
    places = [Match(rule, place.offset, place.matched_data) for string in hit.strings for place in string.instances]
    return places or [Match(rule, 0, b"")]


def compile_yara(sources: Mapping[str, str]) -> YaraRules:
    """The rules of `sources` (file name → text), in one namespace: a file may use the private rules of one before it.

    Raises:
        RulesetBroken: there is no rule, libyara refuses or warns, a rule is slow or can be switched off, or its meta
            is incomplete; the message names file, rule and reason, all of them.
    """
    book = _Book(tuple(sources), tuple(sources.values()))
    try:
        compiled = yara.compile(source=book.text, includes=False, error_on_warning=True)
    except yara.SyntaxError as error:
        raise RulesetBroken(book.located(str(error))) from error
    except yara.WarningError as error:
        raise RulesetBroken(book.located("\n".join(error.args[0]))) from error
    parsed = parse_yara(book.text)
    objects = {rule.identifier: rule for rule in compiled}
    if [rule.name for rule in parsed] != list(objects):
        raise RulesetBroken("rules/yara: our reading of the rules differs from libyara's; simplify the rule's source")
    problems = [book.located(line) for line in _source_problems(book.text)]
    problems += [book.located(str(refused)) for rule in parsed for refused in lint_rule(rule)]
    infos: list[RuleInfo] = []
    for rule in parsed:
        if "private" in rule.scope:
            continue
        try:
            infos.append(_info(rule, objects[rule.name].meta))
        except ValueError as error:
            problems.append(book.located(f"line {rule.line}: rule {rule.name}: {error}"))
    if not infos and not problems:
        problems.append("no YARA rule at all")
    if problems:
        raise RulesetBroken("\n".join(problems))
    return YaraRules(tuple(infos), compiled)


def _source_problems(text: str) -> list[str]:
    return [
        f"line {number}: modules are not used: they parse hostile bytes inside this process"
        for number, line in enumerate(text.split("\n"), start=1)
        if line.startswith("import ")
    ]


def _info(rule: YaraRule, meta: Mapping[str, object]) -> RuleInfo:
    """What the rule's meta says.

    Raises:
        ValueError: a field is missing, unknown, empty or no word of the model.
    """
    if missing := [field for field in META if not meta.get(field)]:
        raise ValueError(f"its meta lacks {', '.join(missing)}")
    if unknown := sorted(meta.keys() - set(META) - set(_LISTS)):
        raise ValueError(f"its meta has fields that nobody reads: {', '.join(unknown)}")
    if meta["id"] != rule.name.replace("_", "-"):
        raise ValueError(
            f"its id is {meta['id']!r}; expected the rule's name with hyphens, {rule.name.replace('_', '-')!r}"
        )
    lists = {field: str(meta.get(field, "")).split() for field in _LISTS}
    try:
        info = msgspec.convert({**meta, **lists}, RuleInfo)
    except msgspec.ValidationError as error:
        raise ValueError(f"its meta: {error}") from error
    if info.kind not in _KINDS:
        raise ValueError(f"its kind is {info.kind.value!r}; expected text or binary")
    return info


class _Book:
    """Several files as one text, and the way back from a line of it."""

    def __init__(self, names: Sequence[str], texts: Sequence[str]) -> None:
        self._names = names
        self._starts = [1]
        for text in texts:
            self._starts.append(self._starts[-1] + text.count("\n") + 1)
        self.text = "\n".join(texts)

    def located(self, message: str) -> str:
        """`message` with its `line N` as a line of the file that it is in."""
        return _LINE.sub(lambda match: self._place(int(match[1])), message)

    def _place(self, line: int) -> str:
        line = line or self._starts[-1] - 1  # libyara calls the end of the text line 0
        index = min(bisect_right(self._starts, line) - 1, len(self._names) - 1)
        return f"{self._names[index]}:{line - self._starts[index] + 1}"
