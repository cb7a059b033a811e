"""The reports of an artifact's Python members: each member is walked once, whoever asks first."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, cast

from scanner.behaviour.events import ModuleReport
from scanner.behaviour.facts import Facts
from scanner.behaviour.linking import aliases, link
from scanner.behaviour.module import walk
from scanner.behaviour.repair import repaired
from scanner.behaviour.shipped import Shipped
from scanner.behaviour.skeletons import Skeleton, recalled, skeleton
from scanner.model import Role
from scanner.source import SourceUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.memory import Memory
    from scanner.view import ArtifactView, MemberView

__all__ = ["alone", "facts_of", "walked_again"]

_KEY: Final = "behaviour"

#: What most modules have, of what is below: asked for first, it answers soonest.
_FREQUENT: Final = ("pty", "builtin", "exec", "requests", "system", "open(", "ctypes", "import *", "urllib", "eval")
# Texts without which a module does nothing that any rule or capability names. Ways to reach a function under another
# name are among them, so that leaving a module out hides nothing.
_LOOKING_UP: Final = (
    *("exec", "eval", "__import__", "importlib", "builtin", "globals", "locals", "vars(", "__dict__", "__getattr"),
    *("attrgetter", "methodcaller", "modules[", "modules.get", "import *", "cmdclass", "getattr(os", "getattr(sys"),
)
_DOING: Final = (
    *("subprocess", "system", "popen", "Popen", "spawn", "startfile", "socket", "requests", "urllib", "http.client"),
    *("httplib", "httpx", "aiohttp", "ctypes", "pickle", "marshal", "dill", "runpy", "imp.", "zipimport", "base64"),
    *("codecs", "binascii", "zlib", "gzip", "bz2", "lzma", "fromhex", "decrypt", "open(", "write_", "winreg"),
    *("shutil", "pty", "paramiko", "smtp", "ftplib", "telnet", "webhook", "wget", "gdown", "timeit", "FunctionType"),
    *("import code", "cffi", "import git", "from git", "import pip", "from pip", "dns.", "pexpect", "import sh"),
    *("invoke", "joblib", "yaml", "torch", "discord", "telebot", "telegram", "telethon", "pyrogram", "websocket"),
    *("xmlrpc", "pymongo", "pusher", "twilio", "firebase", "mechanize", "scraper", "tls_client", "curl_cffi", "mqtt"),
    *("socketio", "pynput", "keyboard", "pyHook", "webbrowser", "win32", "comtypes", "os.dup2", "setup("),
    *("clip", "aiogram", "nextcord", "disnake", "slack_sdk", "vk_api", "zipimport"),
    # Encoded, as nobody writes them by hand: http, curl, powershell.
    *("aHR0c", "68747470", "Y3VybC", "cG93ZXJzaGVsb"),
)
_TRIGGERS: Final = tuple(dict.fromkeys((*_FREQUENT, *_LOOKING_UP, *_DOING)))
#: Longer lines may hold an encoded text.
_LONG_LINE: Final = 200


def facts_of(view: ArtifactView, memory: Memory | None = None) -> Iterator[Facts]:
    """The facts of every Python member that can be read, in archive order, with the calls between them linked.

    With a memory, members that it knows are skeletons: `walked_again` makes facts of one.
    """
    if _KEY not in view.extras:
        modules = list(_walked(view, memory))
        _walk_callers(modules)
        _walk_with_aliases(modules, is_wheel=view.is_wheel)
        link(modules, is_wheel=view.is_wheel)
        view.extras[_KEY] = modules
    yield from cast("list[Facts]", view.extras[_KEY])


def alone(facts: Facts, view: ArtifactView) -> ArtifactView:
    """The artifact as far as these facts go: whoever asks it for its facts gets them."""
    return replace(view, extras={_KEY: [facts]})


def walked_again(known: Skeleton) -> Facts:
    """The facts that the skeleton stands for.

    Raises:
        SourceUnreadable: the member cannot be read; then it is not the one that is known.
        IndexError: it has other functions than are known.
    """
    report = _report(known.member) if known.walked else ModuleReport()
    if known.walked and len(report.functions) != len(known.report.functions):
        raise IndexError(f"{len(report.functions)} functions, known are {len(known.report.functions)}")
    number = {info: index for index, info in enumerate(known.report.functions)}
    linked = {info and report.functions[number[info]] for info in known.linked}
    return Facts(known.member, report, known.is_build_script, known.shipped, known.walked, linked)


def _walked(view: ArtifactView, memory: Memory | None) -> Iterator[Facts]:
    packages = {name.rpartition("/")[0] for name in view.members if name.endswith("/__init__.py")}
    names = frozenset(name.rpartition("/")[2] for name in view.members)
    for member in view.members.values():
        if not member.is_python:
            continue
        shipped = Shipped(names)
        is_build_script = _is_build_script(member, packages)
        note = memory.of(member.name, member.sha256) if memory is not None else None
        if note is not None and (known := skeleton(member, note, shipped, is_build_script=is_build_script)):
            yield known
            continue
        try:
            report = _report(member) if _may_act(member.source.text) else None
        except SourceUnreadable:
            continue  # `inspect` reports it
        except Exception as error:  # noqa: BLE001 # what breaks the walk of one member costs that member
            report, note = ModuleReport(broken=type(error).__name__), None
        if note is not None:
            note.idle = report is None
        yield Facts(member, report or ModuleReport(), is_build_script, shipped, report is not None)


def _may_act(text: str) -> bool:
    """Whether a module may do something by itself, or hold something encoded."""
    if _has_trigger(text) or ("os.walk" in text and "os.remove" in text):
        return True
    # A name may be written in letters that Python folds into others; a long line may hold an encoded text.
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if folded is not text and _has_trigger(folded):
        return True
    return max(map(len, text.split("\n"))) > _LONG_LINE


def _has_trigger(text: str) -> bool:
    for trigger in _TRIGGERS:  # noqa: SIM110 # a generator would take twice as long
        if trigger in text:
            return True
    return False


def _walk_callers(modules: list[Facts]) -> None:
    """Walks modules that do nothing by themselves, but name what others do: they may call it."""
    left = [facts for facts in modules if not facts.walked]
    fresh = [facts for facts in modules if facts.walked]
    names = {function for facts in fresh for function in facts.acting_functions}
    while left and fresh:
        wanted: dict[str, set[str]] = {}
        for facts in fresh:
            functions = facts.acting_functions | (names & facts.report.exports.keys())
            if functions:
                wanted.setdefault(_stem(facts), set()).update(functions)
        names.update(*wanted.values())
        fresh = [facts for facts in left if _names_any(facts.text, wanted)]
        left = [facts for facts in left if facts not in fresh]
        for facts in fresh:
            try:
                facts.report = recalled(facts) or walk(facts.member.tree)
            except SourceUnreadable:
                continue
            except Exception as error:  # noqa: BLE001 # as above
                facts.report = ModuleReport(broken=type(error).__name__)
            facts.walked = True


def _walk_with_aliases(modules: list[Facts], *, is_wheel: bool) -> None:
    """Walks modules again that use dangerous functions under names which other modules give them."""
    for facts, named in list(aliases(modules, is_wheel=is_wheel)):
        try:
            report = walk(facts.member.tree, named)
        except SourceUnreadable:
            continue
        except Exception as error:  # noqa: BLE001 # as above
            report = ModuleReport(broken=type(error).__name__)
        # A skeleton becomes facts: what it does under these names is not known.
        fresh = Facts(facts.member, report, facts.is_build_script, facts.shipped, aliased=True)
        modules[modules.index(facts)] = fresh


def _stem(facts: Facts) -> str:
    path = PurePosixPath(facts.member.name)
    return path.parent.name if path.name == "__init__.py" else path.stem


def _names_any(text: str, wanted: dict[str, set[str]]) -> bool:
    """Whether the text names one of these modules together with one of its functions."""
    return any(stem in text and any(name in text for name in functions) for stem, functions in wanted.items())


def _report(member: MemberView) -> ModuleReport:
    try:
        return walk(member.tree)
    except SourceUnreadable:
        tree = repaired(member.source.text)
        if tree is None:
            raise
        return walk(tree)


def _is_build_script(member: MemberView, packages: set[str]) -> bool:
    """Whether the member runs at build time and is no module of a package that is installed."""
    path = PurePosixPath(member.name)
    return member.role is Role.BUILD and (path.name == "setup.py" or str(path.parent) not in packages)
