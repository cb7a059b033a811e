"""The chains that start processes or stay on the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.behaviour import patterns
from scanner.behaviour.facts import Facts, Hit, has, resolves_fixed_name
from scanner.behaviour.values import (
    COMPUTED,
    DECODED,
    FETCHED_FILE,
    FILE,
    NETWORK,
    PLACEHOLDER,
    SOCKET,
    WRITTEN_FILE,
)
from scanner.behaviour.vocabulary import Effect
from scanner.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanner.behaviour.events import Event

__all__ = ["RULES"]

_UNSAID: Final = f"{PLACEHOLDER} "
_NO_WINDOW: Final = 0x08000000
_STARTED: Final = (Effect.PROCESS,)


def _commands(facts: Facts) -> Iterator[Hit]:
    """What the words of a command say."""
    for event in facts.events(*_STARTED):
        text = event.text
        if patterns.REVERSE_SHELL.search(text):
            yield Hit("reverse-shell", event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))
        elif patterns.COMMAND_RUNS_DOWNLOAD.search(text):
            yield Hit("shell-command-with-download", event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))
        elif patterns.HIDDEN_SHELL.search(text):
            called = Severity.HIGH if patterns.ENCODED_SHELL.search(text) else Severity.LOW
            yield Hit("hidden-shell-command", event, facts.graded(event, Severity.CRITICAL, called))
        elif patterns.COMMAND_SENDS.search(text):
            yield Hit("shell-exfiltration", event, facts.graded(event, Severity.HIGH, Severity.MEDIUM))
        elif patterns.COMMAND_DOWNLOAD.search(text):
            # Whatever address its caller gives: a function for downloads, as many programs have one.
            called = Severity.MEDIUM if "://" in text else Severity.LOW
            yield Hit("shell-download", event, facts.graded(event, Severity.HIGH, called))
        yield from _lasting(facts, event)


def _lasting(facts: Facts, event: Event) -> Iterator[Hit]:
    """What a command leaves behind, takes or destroys."""
    text = event.text
    if patterns.COMMAND_PERSISTENCE.search(text):
        yield Hit("persistence-command", event, facts.graded(event, Severity.HIGH, Severity.MEDIUM))
    if patterns.PASSWORD_PROMPT.search(text):
        yield Hit("password-prompt", event)
    if patterns.DESTRUCTIVE.search(text):
        yield Hit("destructive-command", event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))
    if patterns.PIP_INSTALL.search(text) or event.callee.startswith("pip."):
        yield Hit("runtime-install", event, facts.graded(event, Severity.MEDIUM, Severity.LOW))


def _fetched(facts: Facts) -> Iterator[Hit]:
    """A file that came over the network, or that the code has written, is run."""
    for event in facts.events(*_STARTED):
        taint = facts.taint_of(event)
        if taint & FETCHED_FILE and not all(map(patterns.HANDLING_TOOL.fullmatch, event.text.split("\n"))):
            called = Severity.HIGH if _out_of_sight(facts, event) else Severity.MEDIUM
            yield Hit("download-run", event, facts.graded(event, Severity.CRITICAL, called))
        elif taint & NETWORK and patterns.OPEN_COMMAND.match(event.text):
            rule, called = ("reverse-shell", Severity.HIGH) if taint & SOCKET else ("remote-command", Severity.MEDIUM)
            yield Hit(rule, event, facts.graded(event, Severity.CRITICAL, called))
        elif taint & WRITTEN_FILE and patterns.INTERPRETER.match(event.text):
            running = Severity.HIGH if event.text.strip(_UNSAID) else Severity.LOW
            yield Hit("write-and-run", event, facts.graded(event, running, Severity.LOW))
        if taint & DECODED and not taint & NETWORK:
            yield Hit("decoded-command", event)
        elif taint & COMPUTED and event.callee != "subprocess.Popen":
            yield Hit("computed-command", event)


def _out_of_sight(facts: Facts, event: Event) -> bool:
    """Whether what is run comes from a fixed address and lies where nobody looks."""
    fixed = any(patterns.FIXED_ADDRESS.search(e.text) for e in facts.events(Effect.NETWORK, Effect.DOWNLOAD))
    return fixed and patterns.HIDDEN_PLACE.search(event.text[:2000]) is not None


def _shells(facts: Facts) -> Iterator[Hit]:
    """A shell whose input and output are a socket."""
    for event in facts.events(Effect.REDIRECT, *_STARTED):
        if has(event.value, SOCKET) and not has(event.value, NETWORK):
            yield Hit("reverse-shell", event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))
            return


def _pumped(facts: Facts) -> Iterator[Hit]:
    """An interactive shell beside a socket that is read and written: what connects them may be threads."""
    received = any(e.callee.endswith(".recv") for e in facts.events(Effect.NETWORK))
    if not received and not any("socket" in e.callee for e in facts.events(Effect.NETWORK)):
        return
    for event in facts.events(*_STARTED):
        if patterns.INTERACTIVE_SHELL.match(event.text):
            yield Hit("reverse-shell", event, Severity.HIGH)
            return


def _shipped(facts: Facts) -> Iterator[Hit]:
    """A program that came with the artifact is started by itself."""
    for event in facts.events(*_STARTED):
        if facts.runs(event):
            for match in patterns.PROGRAM_NAME.finditer(event.text[:4000]):
                if match[0] in facts.shipped:
                    yield Hit("shipped-program-started", event)
                    return


def _carried(facts: Facts) -> Iterator[Hit]:
    """A program for Windows that came with the package is started, or loaded, because the package was imported."""
    if facts.is_build_script:
        return
    for event in facts.events(*_STARTED):
        if not facts.runs(event):
            continue
        for match in patterns.CARRIED_PROGRAM.finditer(event.text[:4000]):
            if match[0] in facts.shipped:
                yield Hit("shipped-program-at-import", event)
                return


def _together(facts: Facts) -> Iterator[Hit]:
    """Download, write and start in one function, or in what runs by itself, though no value connects them."""
    groups: dict[object, list[Event]] = {}
    for event in facts.report.events:
        if event.what in {Effect.NETWORK, Effect.DOWNLOAD, Effect.WRITE, Effect.PROCESS, Effect.IMPORT}:
            groups.setdefault(event.function, []).append(event)
    for events in groups.values():
        fetched = [e for e in events if e.what in {Effect.NETWORK, Effect.DOWNLOAD}]
        written = [e for e in events if e.what == Effect.DOWNLOAD or (e.what == Effect.WRITE and has(e.value, NETWORK))]
        started = [e for e in events if e.what == Effect.PROCESS and _starts_something(e)]
        if fetched and written and started:
            event = started[-1]
            steps = ((fetched[0].callee, fetched[0].line), (written[0].callee, written[0].line))
            yield Hit("download-beside-run", event, facts.graded(event, Severity.HIGH, Severity.MEDIUM), steps)


def _starts_something(event: Event) -> bool:
    """Whether the process may be what was fetched, which is not known, and is not the one that fetches."""
    return not has(event.value, FETCHED_FILE) and not patterns.FETCHING_TOOL.match(event.text)


def _programs(facts: Facts) -> Iterator[Hit]:
    """Programs that are started by themselves, or without a window."""
    for event in facts.events(*_STARTED):
        windowless = any(v.const == _NO_WINDOW for v in event.arguments if isinstance(v.const, int))
        if windowless and facts.runs(event):
            yield Hit("windowless-process", event)
        if facts.runs(event) and patterns.PROGRAM.search(event.text):
            yield Hit("program-started-at-import", event)
        elif facts.runs(event) and not facts.is_build_script:
            yield Hit("process-at-import", event)


def _persistent(facts: Facts) -> Iterator[Hit]:
    for event in facts.events(Effect.WRITE, Effect.COPY, Effect.DOWNLOAD):
        place = event.arguments[0 if event.what != Effect.DOWNLOAD else -1].text if event.arguments else None
        if place is not None and patterns.PERSISTENT_PLACE.search(place[:2000]):
            yield Hit("persistence-write", event, facts.graded(event, Severity.CRITICAL, Severity.MEDIUM))
    for event in facts.events(Effect.REGISTRY, Effect.PROCESS):
        if patterns.PRIVILEGE.search(event.text) or (event.what == Effect.REGISTRY and "DelegateExecute" in facts.text):
            yield Hit("privilege-bypass", event)
            break
    for event in facts.events(Effect.REGISTRY):
        if patterns.COMMAND_PERSISTENCE.search(event.text) or "\\Run" in facts.text:
            yield Hit("persistence-write", event, facts.graded(event, Severity.HIGH, Severity.MEDIUM))


def _installing(facts: Facts) -> Iterator[Hit]:
    """What an overridden install command does beyond installing."""
    for event in facts.report.events:
        if event.function is None or event.function not in facts.hooks or event.guarded:
            continue
        if event.what in {Effect.NETWORK, Effect.DOWNLOAD} or resolves_fixed_name(event):
            # Commands that build may fetch what they build from.
            installing = event.function in facts.install_hooks
            yield Hit("install-hook-network", event, Severity.HIGH if installing else Severity.LOW)
        elif event.what == Effect.PROCESS:
            yield Hit("install-hook-process", event)
        elif event.what in {Effect.EXECUTE, Effect.DESERIALIZE} and has(
            event.value, DECODED | COMPUTED | NETWORK | FILE
        ):
            yield Hit("install-hook-code", event)


def _building(facts: Facts) -> Iterator[Hit]:
    """What a build script does by itself."""
    if not facts.is_build_script:
        return
    for event in facts.report.events:
        if not facts.runs(event) or event.function in facts.hooks:
            continue
        if event.what in {Effect.NETWORK, Effect.DOWNLOAD} or resolves_fixed_name(event):
            yield Hit("setup-network", event, Severity.HIGH if facts.is_setup else Severity.MEDIUM)
        elif event.what == Effect.PROCESS:
            yield Hit("setup-process", event)


RULES: Final[tuple[Callable[[Facts], Iterator[Hit]], ...]] = (
    _commands,
    _fetched,
    _shells,
    _pumped,
    _shipped,
    _carried,
    _together,
    _programs,
    _persistent,
    _installing,
    _building,
)
