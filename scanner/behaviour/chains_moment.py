"""The chains that are told by their moment: what nobody expects to happen while something is installed or imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanner.behaviour import patterns
from scanner.behaviour.facts import Facts, Hit, has, resolves_fixed_name
from scanner.behaviour.values import DECODED, ENVIRONMENT_ALL, NETWORK, PLACEHOLDER, WRITTEN_FILE
from scanner.behaviour.vocabulary import Effect
from scanner.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanner.behaviour.events import Event
    from scanner.behaviour.values import Value

__all__ = ["RULES"]

_START: Final = (
    r"\s{0,4}[\"']?(?:cmd(?:\.exe)?\s{1,2}/[ck]\s{1,2})?"
    r"(?:start\s{1,2}(?:/b\s{1,2}|\"\"\s{1,2})?|open\s{1,2}(?:-a\s{1,2})?|xdg-open\s{1,2})?"
)
#: Programs that have no use in an installation: whoever starts them shows that code of theirs has run.
_SHOWN_OFF: Final = re.compile(
    rf"{_START}[\"']?(?:[\w:\\/]{{0,60}}[\\/])?(?:calc|calculator|notepad|mspaint|gnome-calculator|kcalc|xcalc|galculator|textedit)"
    r"(?:\.exe|\.app)?[\"']?\s{0,4}$",
    re.IGNORECASE,
)
_BOAST: Final = re.compile(
    r"\b(?:pwn(?:ed|d)?|h[a4]cked|0wned|you(?:'ve| have) been (?:owned|hacked|pwned))\b", re.IGNORECASE
)
_OPENED_PAGE: Final = re.compile(
    r"\s{0,4}(?:cmd(?:\.exe)?\s{1,2}/c\s{1,2})?(?:start|open|xdg-open|explorer(?:\.exe)?|sensible-browser)\s{1,2}(?:\"\"\s{1,2})?[\"']?https?://",
    re.IGNORECASE,
)
_ASKED_NAME: Final = re.compile(
    r"\s{0,4}[\"']?(?:nslookup|dig|host|drill|ping6?|Resolve-DnsName)(?:\.exe)?[\"']?\s(?:[^\n]{0,80}\s)?"
    r"[\w.\ufffc$(){}`-]{0,120}[\w-]\.[a-z]{2,12}\b",
    re.IGNORECASE,
)
_PYTHON: Final = (
    r"\s{0,4}[\"']?(?:\ufffc(?:\s{1,4}\ufffc)?|(?:[\w:\\/.-]{0,80}[\\/])?(?:python|py)[\d.]{0,5}w?(?:\.exe)?)[\"']?\s{1,4}"
    r"(?:-[A-Zbuvx]{1,4}\s{1,4}){0,3}"
)
_INLINE_CODE: Final = re.compile(
    rf"{_PYTHON}-\w{{0,4}}c\s{{1,4}}[\"']?\s{{0,8}}(?:import|from|exec|eval|__import__|\ufffc)"
)
_SCRIPT: Final = re.compile(rf"{_PYTHON}(?!-)[^\n]{{0,200}}?([\w-]{{1,80}})\.pyw?\b")
_BUILDING_SCRIPTS: Final = re.compile(
    r"setup|build|configure|gen\w{0,12}|compile\w{0,12}|cython\w{0,12}|waf|meson|bdist\w{0,8}|version\w{0,12}"
)
_WINDOWS_PROGRAM: Final = re.compile(r"[\\/]?([\w-]{1,60})\.(?:exe|bat|cmd|vbs|ps1|scr|hta|pif|com)\b", re.IGNORECASE)
#: What a build on Windows has to do with.
_TOOLS: Final = re.compile(
    r"(?:cl|link|lib|nmake|msbuild|cmake|ninja|make|gcc|g\+\+|clang|swig|python|pip|git|hg|svn|node|npm|yarn|cargo|rustc|go|nvcc"
    r"|vcvars\w{0,8}|vswhere|powershell|cmd|where|rc|mt|dumpbin|7z|tar|perl|ruby|java|javac|mvn|gradlew?|protoc|moc|uic|rcc"
    r"|configure|build\w{0,20}|compile\w{0,20}|make\w{0,20}|bootstrap\w{0,20})",
    re.IGNORECASE,
)
_QUIET: Final = re.compile(
    r"(?:\s-q{1,3}\b|--quiet|--no-input|>\s{0,2}/dev/null|>\s{0,2}nul\b|2>&1|git\+https?://|https?://)", re.IGNORECASE
)
_DROPPED: Final = re.compile(r"[^\s\"']{1,200}\.(?:vbs|ps1|bat|cmd|hta|jse?|wsf|exe|scr|jar)\b", re.IGNORECASE)
_MODULE: Final = re.compile(r"\.pyw?$|site-packages[\\/]")
_ARCHIVE: Final = re.compile(r"\.(?:zip|pyz|pyzw|egg|whl|par|pex|jar)\b", re.IGNORECASE)
_NAMED_AS: Final = re.compile(r"[\w-]\.(?!py)[A-Za-z]\w{1,11}$")


def _beacons(facts: Facts) -> Iterator[Hit]:
    """A module that calls somebody when it is imported, and does nothing with the answer."""
    if facts.is_build_script:
        return
    for event in facts.events(Effect.NETWORK, Effect.RESOLVE):
        if not facts.runs(event):
            continue
        asked = event.what == Effect.RESOLVE and resolves_fixed_name(event)
        if asked or (event.discarded and patterns.FIXED_ADDRESS.search(event.text) is not None):
            yield Hit("import-time-beacon", event)


def _names_asked(facts: Facts) -> Iterator[Hit]:
    """A name that a command looks up by itself: the question is the message."""
    for event in facts.events(Effect.PROCESS):
        if facts.runs(event) and _ASKED_NAME.match(event.text):
            yield Hit("name-lookup-command", event)


def _pages(facts: Facts) -> Iterator[Hit]:
    """A page that opens by itself, without a question before it."""
    asked = {event.function for event in facts.events("question")}
    for event in facts.events(Effect.BROWSE, Effect.PROCESS):
        fixed = patterns.FIXED_ADDRESS.search(event.text) is not None
        if (
            facts.runs(event)
            and fixed
            and event.function not in asked
            and (event.what == Effect.BROWSE or _OPENED_PAGE.match(event.text))
        ):
            yield Hit("page-opened-by-itself", event)


def _shown_off(facts: Facts) -> Iterator[Hit]:
    """A program or a message whose only purpose is to show that somebody's code has run."""
    for event in facts.events(Effect.PROCESS):
        if _SHOWN_OFF.match(event.text):
            yield Hit("proof-of-execution", event, facts.graded(event, Severity.HIGH, Severity.MEDIUM))
        elif facts.runs(event) and _BOAST.search(event.text[:4000]):
            yield Hit("proof-of-execution", event)
    for event in facts.events(Effect.WRITE):
        if facts.runs(event) and _BOAST.search(event.text[:4000]):
            yield Hit("proof-of-execution", event)


def _interpreters(facts: Facts) -> Iterator[Hit]:
    """A second interpreter that is given code when the module is imported, out of sight of the first."""
    for event in facts.events(Effect.PROCESS):
        if facts.is_build_script or not facts.runs(event):
            continue
        if _INLINE_CODE.match(event.text):
            yield Hit("interpreter-at-import", event)
        elif patterns.INTERACTIVE_SHELL.match(event.text):
            yield Hit("shell-at-import", event)


def _install_commands(facts: Facts) -> Iterator[Hit]:
    """Scripts and programs that an install command starts: what it copies into place it need not start."""
    for event in facts.events(Effect.PROCESS):
        if event.guarded or event.function not in facts.install_hooks:
            continue
        script = _SCRIPT.match(event.text)
        program = _WINDOWS_PROGRAM.search(event.text[:400])
        if (script is not None and not _BUILDING_SCRIPTS.fullmatch(script[1])) or _INLINE_CODE.match(event.text):
            yield Hit("install-command-runs-script", event)
        elif program is not None and not _TOOLS.fullmatch(program[1]):
            yield Hit("install-command-runs-program", event)
        elif patterns.INTERACTIVE_SHELL.match(event.text):
            yield Hit("shell-at-import", event)


def _installs(facts: Facts) -> Iterator[Hit]:
    """Another package that is installed by itself and out of sight."""
    for event in facts.events(Effect.PROCESS):
        if facts.runs(event) and patterns.PIP_INSTALL.search(event.text) and _QUIET.search(event.text):
            yield Hit("second-package-installed", event)


#: Where a version is asked for, the file that it is written to stands near.
_VERSIONING: Final = re.compile(r"\s{0,8}(?:git|hg|svn|bzr)(?:\.cmd|\.exe)?\s[^;&|`$<>]{0,4000}$")


def _dropped(facts: Facts) -> Iterator[Hit]:
    """A script or program that stood in a literal is written down, and started by itself."""
    for event in facts.events(Effect.PROCESS):
        if facts.runs(event) and _drops(facts, event) and not _VERSIONING.match(event.text):
            yield Hit("script-dropped-and-run", event)
    for event in facts.events(Effect.WRITE):
        place = event.arguments[0].text if event.arguments else None
        if place is not None and has(event.value, DECODED) and patterns.PROGRAM_PLACE.search(place[-300:]):
            yield Hit("hidden-program-written", event)


def _drops(facts: Facts, event: Event) -> bool:
    """Whether the event starts a file that the code has written, and that is a script or program by its name."""
    if any(has(word, WRITTEN_FILE) and _DROPPED.search(word.text or "") for word in _words(event)):
        return True
    marked = (text for text, taint in facts.report.marked.items() if taint & WRITTEN_FILE and _DROPPED.search(text))
    return any(text in event.text for text in marked)


def _words(event: Event) -> Iterator[Value]:
    """The words of a command: its arguments, and what stands in lists among them."""
    for argument in event.arguments:
        if argument.text is None and isinstance(argument.elements, list | tuple):
            yield from argument.elements[:64]
        else:
            yield argument


def _planted(facts: Facts) -> Iterator[Hit]:
    """What the network answers becomes a module, by itself: whoever imports it next runs it."""
    for event in facts.events(Effect.WRITE, Effect.DOWNLOAD):
        fetched = event.what == Effect.DOWNLOAD or has(event.value, NETWORK)
        if not fetched or not facts.runs(event) or facts.is_build_script:
            continue
        # From where somebody happens to stand, `../x.py` is no place that anybody imports from.
        places = (value.text or "" for value in event.arguments[:2])
        if any(_MODULE.search(place[-300:]) and not place.startswith("../") for place in places):
            yield Hit("fetched-module-written", event)


def _collected(facts: Facts) -> Iterator[Hit]:
    """The environment is put into a file, for somebody to fetch."""
    for event in facts.events(Effect.WRITE):
        if facts.runs(event) and has(event.value, ENVIRONMENT_ALL):
            yield Hit("environment-collected", event)


def _loaded(facts: Facts) -> Iterator[Hit]:
    """Code in what is no code by its name: archives under another name, and models that may run code."""
    for event in facts.events(Effect.IMPORT):
        path = event.arguments[0].text if event.arguments else None
        if event.callee != "zipimport.zipimporter" or path is None:
            continue
        if _NAMED_AS.search(path[-80:]) and not _ARCHIVE.search(path[-80:]):
            yield Hit("code-under-another-name", event)
    for event in facts.events("unsafe-model"):
        if facts.runs(event) and not facts.is_build_script and _is_shipped(facts, event):
            yield Hit("unsafe-model-at-import", event)


def _is_shipped(facts: Facts, event: Event) -> bool:
    name = re.split(r"[\\/]", event.text.rstrip(PLACEHOLDER))[-1]
    return name in facts.shipped


RULES: Final[tuple[Callable[[Facts], Iterator[Hit]], ...]] = (
    _beacons,
    _names_asked,
    _pages,
    _shown_off,
    _interpreters,
    _install_commands,
    _installs,
    _dropped,
    _planted,
    _collected,
    _loaded,
)
