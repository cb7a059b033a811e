"""The form of an artifact: links, colliding names, programs under false names, machine code against the wheel's tag."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.archive import case_collisions
from scanner.model import RUNNING_ROLES, MemberName, Role
from scanner.paths import file_of, suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scanner.analyzers.magic import Content
    from scanner.model import Finding
    from scanner.ruleset import Ruleset
    from scanner.view import ArtifactView

__all__ = ["CONTENTS", "LINKS", "structure"]

#: Where `inspect` leaves what each member's first bytes are (`dict[MemberName, Content]`), in `ArtifactView.extras`.
CONTENTS: Final = "contents"
#: Where `inspect` leaves the links and the names that they point at (`dict[MemberName, str]`), in the same place.
LINKS: Final = "links"

_DOCUMENT: Final = re.compile(
    r"\.(?:bmp|cfg|css|csv|db|docx?|gif|gz|html?|ico|ini|jpe?g|js|json|log|md|mp[34]|pdf|png|pth|pyi?|rst|svg|tar|toml"
    r"|ttf|txt|wav|whl|woff2?|xlsx?|xml|ya?ml|zip)"
)
_DOUBLED_FIRST: Final = re.compile(r"\.(?:bmp|csv|docx?|gif|jpe?g|mp[34]|pdf|png|svg|txt|xlsx?)")
_DOUBLED_LAST: Final = re.compile(r"\.(?:bat|cmd|com|exe|hta|lnk|pif|ps1|py[cw]?|scr|vbs|wsf)")
_DOUBLED: Final = 2
_CODE: Final = frozenset(
    {".py", ".pyw", ".pyc", ".pth", ".start", ".so", ".pyd", ".sh", ".bat", ".cmd", ".ps1", ".exe"}
)
_PLATFORMS: Final = {
    "elf": re.compile(r"(?:many|musl)?linux|android"),
    "pe": re.compile(r"win"),
    "macho": re.compile(r"macosx|ios"),
}
_MACHINES: Final = {
    "x86_64": ("x86_64", "amd64", "universal2", "intel", "fat64"),
    "i686": ("i686", "i386", "win32", "x86", "intel", "universal"),
    "aarch64": ("aarch64", "arm64", "universal2"),
    "universal2": ("x86_64", "arm64", "universal2", "intel"),
}
_BYTECODE: Final = re.compile(r"(?P<folder>.*?)(?:__pycache__/)?(?P<stem>[^/.]+)(?:\.[^/]*)?\.pyc")
#: delocate puts the libraries of macOS wheels there.
_ORDINARY_HIDDEN: Final = frozenset({".dylibs"})
#: PEP 552: hash-based bytecode that Python does not check against the source.
_UNCHECKED: Final = 0b01


def structure(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    """What the names and formats of the members say together."""
    yield from _links(view, ruleset)
    yield from _collisions(view, ruleset)
    yield from _formats(view, ruleset)
    yield from _names(view, ruleset)
    yield from _bytecode(view, ruleset)
    if not view.is_wheel:
        yield from _old_style(view, ruleset)


def _links(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    links = view.extras.get(LINKS, {})
    for name, target in links.items() if isinstance(links, dict) else ():
        role = view.roles.get(name, Role.NEVER)
        rule = "idle-link" if role not in RUNNING_ROLES and _is_data(target, view) else "link-member"
        yield ruleset.finding(rule, role=role, member=name, snippet=target)


def _is_data(target: str, view: ArtifactView) -> bool:
    """Whether the name is that of one file, which nothing can import or start: no folder of modules."""
    role = view.roles.get(MemberName(target))
    return role is Role.NEVER and suffix_of(target).lower() not in _CODE


def _collisions(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    for first, *others in case_collisions(view.roles):
        for name in others:
            yield ruleset.finding("case-collision", role=view.roles[MemberName(name)], member=name, snippet=first)


def _formats(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    platforms = _platforms(view.filename)
    for name, found in _contents(view).items():
        role = view.roles.get(name, Role.NEVER)
        what = " ".join(part for part in (found.native, found.machine, found.archive) if part)
        if found.archive:
            yield ruleset.finding("nested-archive", role=role, member=name, snippet=what)
        if not found.native:
            continue
        if _DOCUMENT.fullmatch(suffix_of(name).lower()):
            yield ruleset.finding("misleading-extension", role=_at_least_never(role), member=name, snippet=what)
        if not view.is_wheel:
            yield ruleset.finding("binary-in-sdist", role=role, member=name, snippet=what)
        elif not _announced(found, platforms):
            yield ruleset.finding("binary-against-tag", role=role, member=name, snippet=what)


def _contents(view: ArtifactView) -> Mapping[MemberName, Content]:
    contents = view.extras.get(CONTENTS, {})
    return contents if isinstance(contents, dict) else {}


def _at_least_never(role: Role) -> Role:
    """A program that hides is there to be started by something: it counts as code that a command runs."""
    return Role.COMMAND if role is Role.NEVER else role


def _platforms(filename: str) -> tuple[str, ...]:
    """The platform tags of a wheel's filename (PEP 425): `manylinux_2_17_x86_64`, `any`."""
    return tuple(filename.removesuffix(".whl").rpartition("-")[2].split("."))


def _announced(found: Content, platforms: tuple[str, ...]) -> bool:
    """Whether one of the wheel's platforms runs this program."""
    fitting = [tag for tag in platforms if _PLATFORMS[found.native].match(tag)]
    endings = _MACHINES.get(found.machine)
    return bool(fitting) and (endings is None or any(tag.endswith(endings) for tag in fitting))


def _names(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    hidden: set[str] = set()
    for name, role in view.roles.items():
        if file_of(name).count(".") >= _DOUBLED and _is_doubled(name):
            yield ruleset.finding("double-extension", role=_at_least_never(role), member=name)
        if not view.is_wheel or not (name.startswith(".") or "/." in name):
            continue
        folders = [part for part in name.split("/")[:-1] if part.startswith(".") and part not in _ORDINARY_HIDDEN]
        if folders and folders[0] not in hidden:
            hidden.add(folders[0])
            yield ruleset.finding("hidden-folder", role=role, member=name, snippet=folders[0])


def _is_doubled(name: str) -> bool:
    """Whether the name ends like a document, and then like something that runs."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes[-_DOUBLED:]]
    doubled = len(suffixes) == _DOUBLED and _DOUBLED_FIRST.fullmatch(suffixes[0]) is not None
    return doubled and _DOUBLED_LAST.fullmatch(suffixes[1]) is not None


def _bytecode(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    for name, role in view.roles.items():
        if not name.endswith(".pyc") or (match := _BYTECODE.fullmatch(name)) is None:
            continue
        source = f"{match['folder']}{match['stem']}.py"
        member = view.members.get(name)
        unchecked = member is not None and bool(member.data[4:5]) and member.data[4] & 0b11 == _UNCHECKED
        rule = "bytecode-beside-source" if source in view.roles and not unchecked else "compiled-only"
        yield ruleset.finding(rule, role=role, member=name)


def _old_style(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    at_root = {PurePosixPath(name).name: name for name in view.roles if name.count("/") == 1}
    if "setup.py" in at_root and "pyproject.toml" not in at_root:
        name = at_root["setup.py"]
        yield ruleset.finding("setup-without-pyproject", role=view.roles[name], member=name)
