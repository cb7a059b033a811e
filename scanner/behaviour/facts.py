"""What the chains are judged on: one module's report, and where and when it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from scanner.behaviour.shipped import Shipped
from scanner.behaviour.values import trail_steps
from scanner.behaviour.vocabulary import Effect
from scanner.model import Severity, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner.behaviour.events import Event, ModuleReport
    from scanner.behaviour.scopes import FunctionInfo
    from scanner.behaviour.values import Value
    from scanner.view import MemberView

__all__ = ["Facts", "Hit", "has", "resolves_fixed_name"]

_CHAIN_LIMIT: Final = 10
#: Shorter file names are parts of too many words.
_SHORT_NAME: Final = 3
_DOMAIN: Final = re.compile(r"[\w-]{1,63}\.[a-z]{2,12}\b(?!\.)", re.IGNORECASE)
#: Names that people look up to see whether they are connected: who asks for them tells no attacker anything.
_EVERYBODYS: Final = re.compile(
    r"(?:^|[\s.])(?:google|cloudflare|example|microsoft|apple|baidu|github|pypi|python)\.(?:com|org)\b|\bdns\.google\b|one\.one\.one\.one",
    re.IGNORECASE,
)
#: Commands that put something in place, as opposed to those that make it.
_INSTALLING: Final = frozenset(
    {"install", "develop", "egg_info", "install_lib", "install_scripts", "install_data", "easy_install"}
    | {"editable_wheel", "dist_info", "bdist_egg"}
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that a chain of the module fulfils."""

    rule: str
    event: Event
    severity: Severity | None = None
    steps: tuple[tuple[str, int], ...] = ()


@dataclass(eq=False)
class Facts:
    """One module."""

    member: MemberView
    report: ModuleReport
    is_build_script: bool
    shipped: Shipped = field(default_factory=Shipped)
    """The base names of the artifact's members."""
    walked: bool = True
    """False for a module that was not walked, because nothing in its text can act."""
    linked: set[FunctionInfo | None] = field(default_factory=set)
    """Functions that running code of other modules calls, and what they call."""
    aliased: bool = False
    """Walked with names that other modules hand on."""
    _lines: list[str] = field(default_factory=list)

    @property
    def is_setup(self) -> bool:
        """Whether this is the build script itself, not a module that it uses."""
        return self.is_build_script and self.member.name.endswith("setup.py")

    @property
    def text(self) -> str:
        """The module's source."""
        return self.member.source.text

    @cached_property
    def hooks(self) -> set[FunctionInfo | None]:
        """Functions that an install command of the build script runs, and what they call."""
        return self.reached(self.report.hooks) if self.is_build_script else set()

    @cached_property
    def install_hooks(self) -> set[FunctionInfo | None]:
        """Those of `hooks` that commands run which install, and do not build."""
        starts = [info for info, command in self.report.hooks.items() if command in _INSTALLING]
        return self.reached(starts) if self.is_build_script else set()

    @property
    def running(self) -> set[FunctionInfo | None]:
        """Functions that run when the module does, or when an install command of it does."""
        return self.report.at_import | self.hooks | self.linked

    @property
    def acting_functions(self) -> set[str]:
        """The names of functions that have effects, or call something outside of the module."""
        acting = {event.function.name for event in self.report.events if event.function is not None}
        for callers in self.report.calls.values():
            acting.update(info.name for info in callers if info is not None)
        classes = {info.owner.name for info in self.report.functions if info.owner is not None and info.name in acting}
        return acting | classes

    def also_runs(self, function: FunctionInfo) -> bool:
        """Notes that code elsewhere runs `function`; whether that is news."""
        if function in self.running:
            return False
        self.linked |= self.reached({function})
        return True

    def reached(self, starts: Iterable[FunctionInfo]) -> set[FunctionInfo | None]:
        """The functions of the module that run when `starts` do, themselves included."""
        reached: set[FunctionInfo | None] = set(starts)
        waiting = list(reached)
        callees: dict[FunctionInfo | None, list[FunctionInfo]] = {}
        for info in self.report.functions:
            for caller in info.called_from:
                callees.setdefault(caller, []).append(info)
        while waiting:
            for info in callees.get(waiting.pop(), ()):
                if info not in reached:
                    reached.add(info)
                    waiting.append(info)
        return reached

    def runs(self, event: Event) -> bool:
        """Whether the event happens by itself: when the module runs, or its install command does."""
        if event.guarded:
            return False
        return event.function in self.report.at_import or event.function in self.hooks or event.function in self.linked

    def taint_of(self, event: Event) -> int:
        """The taint of what reaches the event, that of files included which it only names."""
        taint = event.value.taint
        for text, found in self._marked:
            if text in event.text:
                taint |= found
        return taint

    @cached_property
    def _marked(self) -> list[tuple[str, int]]:
        return [(text, taint) for text, taint in self.report.marked.items() if len(text) > _SHORT_NAME][:64]

    def events(self, *what: str) -> Iterator[Event]:
        """The events of some kinds, in the order of the walk."""
        if len(what) == 1:
            return iter(self._by_kind.get(what[0], ()))
        if self._by_kind.keys().isdisjoint(what):
            return iter(())
        return (event for event in self.report.events if event.what in what)

    @cached_property
    def _by_kind(self) -> dict[str, list[Event]]:
        """Some forty rules ask for the events of one kind or another; most modules have none of most kinds."""
        found: dict[str, list[Event]] = {}
        for event in self.report.events:
            found.setdefault(event.what, []).append(event)
        return found

    def graded(self, event: Event, running: Severity, called: Severity) -> Severity:
        """One severity for what runs by itself, another for what somebody must call."""
        return running if self.runs(event) else called

    def chain(self, hit: Hit) -> tuple[Step, ...]:
        """The steps that led to the hit, and the hit itself, each with its line."""
        steps = [*trail_steps(hit.event.value.trail), *hit.steps]
        steps.append((hit.event.callee, hit.event.line))
        return tuple(
            Step(what=what, member=self.member.name, line=line, snippet=self.line(line))
            for what, line in steps[-_CHAIN_LIMIT:]
        )

    def line(self, number: int) -> str:
        """The source line, without the blanks around it."""
        if not self._lines:
            self._lines = self.text.splitlines()
        return self._lines[number - 1].strip()[:200] if 0 < number <= len(self._lines) else ""


def resolves_fixed_name(event: Event) -> bool:
    """Whether the event looks up a name in a domain that stands in the code: a question is a message, too."""
    fixed = event.what == Effect.RESOLVE and _DOMAIN.search(event.text) is not None
    return fixed and not all(map(_EVERYBODYS.search, event.text.split("\n")))


def has(value: Value, taint: int) -> bool:
    """Whether the value carries any of the taint's bits."""
    return bool(value.taint & taint)
