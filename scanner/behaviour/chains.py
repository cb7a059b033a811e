"""The chains that are rules: data that is executed, and what is hidden on the way there."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.behaviour import chains_control, chains_moment, chains_network, chains_process
from scanner.behaviour.facts import Facts, Hit, has
from scanner.behaviour.patterns import DATA_FILE, LISTENING_INTERPRETER
from scanner.behaviour.values import (
    COMPUTED,
    DECODED,
    ENCODED,
    ENVIRONMENT,
    FETCHED_FILE,
    FILE,
    NETWORK,
    PROSE,
    trail_steps,
)
from scanner.behaviour.vocabulary import Effect
from scanner.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanner.behaviour.events import Event

__all__ = ["hits"]

_EXECUTING: Final = (Effect.EXECUTE, Effect.DESERIALIZE)
_HIDDEN_MODULES: Final = re.compile(
    r"os|subprocess|socket|base64|zlib|marshal|ctypes|builtins|urllib|requests|pickle|codecs|http|shutil|winreg|pty"
)
#: What executes the file that it is given the path of.
_RUNS_PATHS: Final = frozenset(
    {"runpy.run_path", "imp.load_source", "importlib.machinery.SourceFileLoader", "builtins.execfile"}
    | {"importlib.machinery.SourcelessFileLoader"}
)
_INJECTORS: Final = frozenset(
    {"VirtualAlloc", "VirtualProtect", "CreateThread", "RtlMoveMemory", "WriteProcessMemory", "CreateRemoteThread"}
    | {
        "VirtualAllocEx",
        "NtAllocateVirtualMemory",
        "NtWriteVirtualMemory",
        "NtCreateThreadEx",
        "QueueUserAPC",
        "mprotect",
    }
    | {"RtlCopyMemory", "EnumSystemLocalesA", "HeapCreate", "VirtualProtectEx"}
)


def hits(facts: Facts) -> Iterator[Hit]:
    """Every rule that the module fulfils, once for each place."""
    for rule in _ALL:
        yield from rule(facts)


def _decoded(facts: Facts) -> Iterator[Hit]:
    for event in facts.events(*_EXECUTING):
        if has(event.value, DECODED):
            rule = "decode-exec" if event.what == Effect.EXECUTE else "decode-deserialize"
            yield Hit(rule, event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))
        elif event.what == Effect.EXECUTE and has(event.value, COMPUTED | ENCODED):
            yield Hit("computed-exec", event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))


def _fetched(facts: Facts) -> Iterator[Hit]:
    for event in facts.events(*_EXECUTING, Effect.NATIVE, Effect.IMPORT):
        if has(event.value, NETWORK) and event.what != Effect.IMPORT:
            # Programs trust pickles of their own servers, carelessly: that is common where somebody must call it.
            called = Severity.MEDIUM if event.what == Effect.DESERIALIZE else Severity.HIGH
            yield Hit("download-exec", event, facts.graded(event, Severity.CRITICAL, called))
        elif facts.taint_of(event) & FETCHED_FILE:
            yield Hit("download-run", event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))


def _fed(facts: Facts) -> Iterator[Hit]:
    """Code that goes into an interpreter's input: no file holds it, and no command shows it."""
    listening = {e.function for e in facts.events(Effect.PROCESS) if LISTENING_INTERPRETER.fullmatch(e.text[:400])}
    for event in facts.events("fed-process") if listening else ():
        if event.function not in listening:
            continue
        if has(event.value, NETWORK):
            yield Hit("download-exec", event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))
        elif has(event.value, DECODED):
            yield Hit("decode-exec", event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))


def _from_file(facts: Facts) -> Iterator[Hit]:
    """Code in a file that is no code by its name."""
    for event in facts.events(Effect.EXECUTE, Effect.IMPORT):
        if event.callee in _RUNS_PATHS and (named := DATA_FILE.match(f"content of {event.text}")) is not None:
            yield Hit("exec-of-data-file", event, _shipped(facts, event, named[0]))
        elif event.what == Effect.IMPORT:
            continue
        elif (path := _data_file(event)) is not None:
            yield Hit("exec-of-data-file", event, _shipped(facts, event, path))
        elif has(event.value, PROSE) and not has(event.value, NETWORK | DECODED):
            yield Hit("exec-of-prose", event, Severity.CRITICAL if facts.runs(event) else None)
        elif has(event.value, ENVIRONMENT) and event.callee == "builtins.exec":
            yield Hit("exec-of-environment", event)


def _data_file(event: Event) -> str | None:
    """The data file that the executed text came from."""
    if not has(event.value, FILE) or has(event.value, NETWORK | DECODED):
        return None
    named = filter(None, (DATA_FILE.match(what) for what, _ in trail_steps(event.value.trail)))
    return next((match[0] for match in named), None)


def _shipped(facts: Facts, event: Event, named: str) -> Severity | None:
    """The weight of a file that the artifact brings along for what runs by itself: then it is there to be run."""
    path = named.removeprefix("content of ").replace("\ufffc", "/")
    parts = {*PurePosixPath(path).parts[-2:], path.rpartition(" ")[2]}  # the file, or the archive that it lies in
    shipped = not facts.shipped.isdisjoint(parts)
    return Severity.CRITICAL if shipped and facts.runs(event) else None


def _hidden(facts: Facts) -> Iterator[Hit]:
    for event in facts.events("hidden-name"):
        yield Hit("hidden-name", event)
    for event in facts.events("hidden-import"):
        if _HIDDEN_MODULES.match(event.callee):
            yield Hit("hidden-import", event)
    for event in facts.events(Effect.IMPORT):
        if has(event.value, DECODED | COMPUTED):
            yield Hit("hidden-import", event)


def _injected(facts: Facts) -> Iterator[Hit]:
    """Memory that is made executable, filled and started: machine code without a file."""
    mapped = [e for e in facts.events(Effect.NATIVE) if e.callee.endswith(".PROT_EXEC")]
    if mapped and "CFUNCTYPE" in facts.text:
        yield Hit("native-code-injection", mapped[0])
    used = [e for e in facts.events(Effect.NATIVE) if e.callee.rpartition(".")[2] in _INJECTORS]
    if len({event.callee for event in used}) > 1:
        steps = tuple((event.callee, event.line) for event in used[:-1])
        yield Hit("native-code-injection", used[-1], steps=steps[:6])


_RULES: Final[tuple[Callable[[Facts], Iterator[Hit]], ...]] = (_decoded, _fetched, _fed, _from_file, _hidden, _injected)
_ALL: Final = (
    *_RULES,
    *chains_network.RULES,
    *chains_process.RULES,
    *chains_moment.RULES,
    *chains_control.RULES,
)
