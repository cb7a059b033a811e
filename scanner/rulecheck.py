"""Whether a rules folder is fit to become active: it loads, describes itself fully, and its own tests pass.

The tests of the YARA rules lie beside them in `tests/*.toml`: one table per rule id, with texts (`hit`, `miss`) or
hexadecimal digits (`hit_hex`, `miss_hex`). They are inert and do not count in the ruleset's hash.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from scanner.model import Kind
from scanner.ruleset import MatchTimeout, Ruleset, RulesetBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from scanner.rule import RuleInfo

__all__ = ["Report", "RuleCases", "check_rules", "count_rules", "load_cases", "measure"]

_TIMEOUT_SECONDS: Final = 5
_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TECHNIQUE: Final = re.compile(r"(T\d{4}(\.\d{3})?|AML\.T\d{4}(\.\d{3})?)")
#: Kinds whose rules are detections of an attack: they name its technique and who else looks like it.
_DETECTIONS: Final = frozenset({Kind.BEHAVIOUR, Kind.TEXT, Kind.BINARY})


class RuleCases(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The tests of one YARA rule: what it must hit, and what looks like it and must not be hit."""

    hit: tuple[str, ...] = ()
    hit_hex: tuple[str, ...] = ()
    miss: tuple[str, ...] = ()
    miss_hex: tuple[str, ...] = ()

    def must_hit(self) -> list[bytes]:
        """The data that the rule must hit.

        Raises:
            ValueError: `hit_hex` holds something else than hexadecimal digits.
        """
        return [*(text.encode() for text in self.hit), *map(bytes.fromhex, self.hit_hex)]

    def must_miss(self) -> list[bytes]:
        """The data that the rule must not hit.

        Raises:
            ValueError: `miss_hex` holds something else than hexadecimal digits.
        """
        return [*(text.encode() for text in self.miss), *map(bytes.fromhex, self.miss_hex)]


@dataclass(frozen=True, slots=True)
class Report:
    """What the check found: how much was looked at, and every problem in a sentence."""

    rules: int
    cases: int
    problems: tuple[str, ...]


def check_rules(folder: Path) -> Report:
    """Everything that is wrong with the rules in `folder`; no problems when they may become active."""
    try:
        ruleset = Ruleset.load(folder)
        cases = load_cases(folder)
    except RulesetBroken as error:
        return Report(0, 0, tuple(str(error).splitlines()))
    problems = [
        *(f"{info.id}: {problem}" for info in ruleset.rules.values() for problem in _incomplete(info)),
        *_untested(ruleset, cases),
        *(
            problem
            for rule, tests in cases.items()
            if rule in ruleset.rules
            for problem in _failing(ruleset, rule, tests)
        ),
    ]
    number = sum(len(tests.must_hit()) + len(tests.must_miss()) for tests in cases.values())
    return Report(len(ruleset.rules), number, tuple(problems))


def load_cases(folder: Path) -> dict[str, RuleCases]:
    """The tests beside the rules of `folder`, by rule id.

    Raises:
        RulesetBroken: a file of tests is malformed, or two files test one rule.
    """
    cases: dict[str, RuleCases] = {}
    for path in sorted((folder / "tests").glob("*.toml")):
        try:
            found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, RuleCases])
            for tests in found.values():
                tests.must_hit()
                tests.must_miss()
        except (OSError, ValueError) as error:
            raise RulesetBroken(f"tests/{path.name}: {error}") from error
        if twice := sorted(found.keys() & cases.keys()):
            raise RulesetBroken(f"tests/{path.name}: tested elsewhere too: {', '.join(twice)}; keep one table per rule")
        cases |= found
    return cases


def count_rules(ruleset: Ruleset) -> dict[Kind, Counter[str]]:
    """How many rules of each severity there are, by kind."""
    counts: dict[Kind, Counter[str]] = {}
    for info in ruleset.rules.values():
        counts.setdefault(info.kind, Counter())[info.severity] += 1
    return counts


def measure(ruleset: Ruleset, data: bytes, *, timer: Callable[[], float], rounds: int = 5) -> float:
    """The megabytes of `data` that YARA gets through in a second, at its best of `rounds`.

    Raises:
        MatchTimeout: YARA did not finish.
    """
    best = float("inf")
    for _ in range(rounds):
        start = timer()
        ruleset.match(data, timeout_seconds=60)
        best = min(best, timer() - start)
    return len(data) / 1e6 / max(best, 1e-9)


def _incomplete(info: RuleInfo) -> Iterator[str]:
    if not _ID.fullmatch(info.id):
        yield "its id is not lower-case words joined by hyphens"
    for field in ("title", "meaning"):
        if not getattr(info, field).strip():
            yield f"it has no {field}"
    if info.meaning and not info.meaning.rstrip().endswith((".", "!", "?")):
        yield "its meaning is no sentence: end it with a full stop"
    if info.technique and not _TECHNIQUE.fullmatch(info.technique):
        yield f"its technique is {info.technique!r}; expected an ATT&CK or ATLAS id such as T1059.006"
    if info.kind in _DETECTIONS:
        for field in ("technique", "false_positives"):
            if not getattr(info, field).strip():
                yield f"it has no {field}: a detection says which attack it means and who else looks like it"


def _untested(ruleset: Ruleset, cases: Mapping[str, RuleCases]) -> Iterator[str]:
    yara_rules = ruleset.yara.infos if ruleset.yara else ()
    for info in yara_rules:
        tests = cases.get(info.id, RuleCases())
        if not tests.must_hit():
            yield f"{info.id}: no test says what it must hit"
        if not tests.must_miss():
            yield f"{info.id}: no test says what it must not hit"
    for rule in sorted(cases.keys() - {info.id for info in yara_rules}):
        yield f"{rule}: tested in tests/, but there is no YARA rule of that name"


def _failing(ruleset: Ruleset, rule: str, tests: RuleCases) -> Iterator[str]:
    for expected, samples in ((True, tests.must_hit()), (False, tests.must_miss())):
        for number, data in enumerate(samples, start=1):
            try:
                found = any(match.rule == rule for match in ruleset.match(data, timeout_seconds=_TIMEOUT_SECONDS))
            except MatchTimeout as error:
                yield f"{rule}: {'hit' if expected else 'miss'} test {number}: {error}"
                continue
            if found is not expected:
                yield f"{rule}: {'hit' if expected else 'miss'} test {number} {'is missed' if expected else 'is hit'}"
