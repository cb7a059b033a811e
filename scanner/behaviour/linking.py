"""Calls from one module of an artifact into another: what runs by itself reaches further than its own file."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.behaviour.folding import DECODERS
from scanner.behaviour.scopes import ClassInfo, FunctionInfo
from scanner.behaviour.vocabulary import Effect, effect_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanner.behaviour.facts import Facts

__all__ = ["aliases", "link"]

_DANGEROUS: Final = frozenset({Effect.EXECUTE, Effect.DESERIALIZE, Effect.PROCESS})

#: How often a name may be handed on by re-exports before it is given up.
_HOPS: Final = 6


def link(modules: Iterable[Facts], *, is_wheel: bool) -> None:
    """From here on, functions that running code of another module calls count as running, too."""
    named = _Names(modules, is_wheel=is_wheel)
    waiting = deque(named.modules)
    while waiting:
        caller = waiting.popleft()
        for ref, callers in caller.report.calls.items():
            if caller.running.isdisjoint(callers):
                continue
            for facts, function in named.resolved(caller, ref):
                if facts is not caller and facts.also_runs(function):
                    waiting.append(facts)


def aliases(modules: Iterable[Facts], *, is_wheel: bool) -> Iterator[tuple[Facts, dict[str, str]]]:
    """The modules that use something dangerous under the name that another module gives it, and those names."""
    named = _Names(modules, is_wheel=is_wheel)
    if not any(_is_dangerous(ref) for given in named.exports.values() for ref in given.values()):
        return
    for facts in named.modules:
        found: dict[str, str] = {}
        for ref in {*named.exports[id(facts)].values(), *facts.report.calls}:
            target = named.exported(facts, ref)
            if target is not None and _is_dangerous(target):
                found[ref] = target
        if found:
            yield facts, found


@lru_cache(maxsize=65536)
def _is_dangerous(ref: str) -> bool:
    return ref in DECODERS or effect_of(ref) in _DANGEROUS


class _Names:
    """The functions of all modules by their qualified names."""

    def __init__(self, modules: Iterable[Facts], *, is_wheel: bool) -> None:
        self.modules = list(modules)
        self._dotted = {id(facts): _dotted(facts.member.name, is_wheel=is_wheel) for facts in self.modules}
        self.exports = {id(facts): facts.report.exports for facts in self.modules}
        self._by_name: dict[str, list[Facts]] = {}
        for facts in self.modules:
            for name in _short_names(self._dotted[id(facts)]):
                self._by_name.setdefault(name, []).append(facts)

    def resolved(self, caller: Facts, ref: str) -> Iterator[tuple[Facts, FunctionInfo]]:
        """The functions that `ref` means when code of `caller` calls it."""
        waiting = deque([(self._absolute(caller, ref), 0)])
        while waiting:
            name, hops = waiting.popleft()
            for facts, rest in self._homes(name):
                found = list(_functions(facts, rest))
                yield from ((facts, function) for function in found)
                first, _, more = rest.partition(".")
                exported = self.exports[id(facts)].get(first)
                if not found and exported is not None and hops < _HOPS:
                    target = self._absolute(facts, exported)
                    waiting.append((f"{target}.{more}" if more else target, hops + 1))

    def exported(self, caller: Facts, ref: str) -> str | None:
        """What a name that another module gives is, where that module has it from outside of the artifact."""
        name: str | None = self._absolute(caller, ref)
        for _ in range(_HOPS):
            given = None
            for facts, rest in self._homes(name or ""):
                target = self.exports[id(facts)].get(rest) if facts is not caller else None
                given = given or (self._absolute(facts, target) if target is not None else None)
            if given is None or _is_dangerous(given):
                return given
            name = given
        return None

    def _homes(self, name: str) -> Iterator[tuple[Facts, str]]:
        """The modules in which `name` may be found, and what is left of it there."""
        head, rest = name, ""
        while "." in head:
            head, _, last = head.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
            for facts in self._by_name.get(head, ()):
                yield facts, rest

    def _absolute(self, facts: Facts, ref: str) -> str:
        name = ref.lstrip(".")
        if not (level := len(ref) - len(name)):
            return ref
        package = self._dotted[id(facts)].split(".")
        if not facts.member.name.endswith("/__init__.py"):
            package = package[:-1]
        kept = package[: len(package) - level + 1]
        return ".".join([*kept, name]) if name else ".".join(kept)


def _functions(facts: Facts, name: str) -> Iterator[FunctionInfo]:
    """Functions, initialisers and methods that a call of `name` runs: `f`, `Class`, `Class().method`."""
    first, _, method = name.partition(".")
    value = facts.report.globals.get(first.removesuffix("()"))
    if value is None:
        return
    if isinstance(value.target, FunctionInfo) and not method:
        yield value.target
    elif isinstance(value.target, ClassInfo):
        found = value.target.find(method or "__init__")
        if found is not None and isinstance(found.target, FunctionInfo):
            yield found.target


def _dotted(name: str, *, is_wheel: bool) -> str:
    path = PurePosixPath(name)
    parts = list(path.with_suffix("").parts)
    if not is_wheel and len(parts) > 1:
        parts = parts[1:]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def _short_names(dotted: str) -> set[str]:
    """The names under which a module may be imported: with and without a folder such as `src` before it."""
    return {dotted, dotted.partition(".")[2] or dotted}
