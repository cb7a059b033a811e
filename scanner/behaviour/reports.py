"""The reports of an artifact's Python members: each member is walked once, whoever asks first."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, cast

from scanner.behaviour.events import ModuleReport
from scanner.behaviour.facts import Facts
from scanner.behaviour.module import walk
from scanner.model import Role
from scanner.source import SourceUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.view import ArtifactView, MemberView

__all__ = ["facts_of"]

_KEY: Final = "behaviour"

# Texts without which a module does nothing that any rule or capability names. Ways to reach a function under another
# name are among them, so that leaving a module out hides nothing.
_LOOKING_UP: Final = (
    *("exec", "eval", "__import__", "importlib", "builtin", "globals", "locals", "vars(", "__dict__", "__getattr"),
    *("compile", "attrgetter", "methodcaller", "getattr", "modules[", "modules.", "import *", "cmdclass"),
)
_DOING: Final = (
    *("subprocess", "system", "popen", "Popen", "spawn", "startfile", "socket", "request", "urllib", "http", "ctypes"),
    *("pickle", "marshal", "dill", "runpy", "imp.", "zipimport", "base64", "decode", "decompress", "unhexlify"),
    *("fromhex", "open(", "write", "winreg", "environ", "shutil", "pty", "paramiko", "smtp", "ftplib", "telnet"),
    *("webhook", "wget", "timeit", "code.", "cffi", "git", "pip", "dns.", "pexpect", "sh.", "invoke", "joblib"),
    *("yaml", "torch", "client", "Client", "Bot", "hook", "pynput", "keyboard"),
)
_TRIGGERS: Final = (*_LOOKING_UP, *_DOING)


def facts_of(view: ArtifactView) -> Iterator[Facts]:
    """The facts of every Python member that can be read, in archive order."""
    known = cast("dict[str, Facts]", view.extras.setdefault(_KEY, {}))
    packages = {str(PurePosixPath(name).parent) for name in view.members if name.endswith("/__init__.py")}
    shipped = frozenset(PurePosixPath(name).name for name in view.members)
    for name, member in view.members.items():
        if not member.is_python:
            continue
        if name not in known:
            try:
                report = _report(member)
            except SourceUnreadable:
                continue  # `inspect` reports it
            known[name] = Facts(member, report, _is_build_script(member, packages), shipped)
        yield known[name]


def _report(member: MemberView) -> ModuleReport:
    text = member.source.text
    if text.isascii() and not any(trigger in text for trigger in _TRIGGERS):
        return ModuleReport()
    return walk(member.tree)


def _is_build_script(member: MemberView, packages: set[str]) -> bool:
    """Whether the member runs at build time and is no module of a package that is installed."""
    path = PurePosixPath(member.name)
    return member.role is Role.BUILD and (path.name == "setup.py" or str(path.parent) not in packages)
