"""Member names: the rules that a name passes before anything else sees it, and collisions between names."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from scanner.archive.codes import Code
from scanner.archive.faults import shown
from scanner.model import MemberName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanner.archive.faults import FaultList
    from scanner.archive.limits import Limits

__all__ = ["NameRegistry", "case_collisions"]

#: Control characters, line and paragraph separators, surrogates, and the characters that turn the direction of text.
_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
#: Names of devices on Windows, whatever extension follows.
_RESERVED: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)", re.IGNORECASE
)


#: A component of a name with which no rule has to do, but for reserved names.
_ORDINARY: Final = re.compile(r"[A-Za-z0-9_.+-]{0,100}[A-Za-z0-9_+-]")


class NameRegistry:
    """All names of one archive so far. Two members never land on one path, on any common file system."""

    def __init__(self, limits: Limits, faults: FaultList) -> None:
        self._limits = limits
        self._faults = faults
        self._short = min(limits.name_length, limits.component_length)
        self._files: dict[str, str] = {}
        self._folders: set[str] = set()
        self._listed_folders: set[str] = set()

    def accept(self, raw: bytes | str, *, is_folder: bool = False) -> MemberName | None:
        """`raw` as a member's name, without the slash that ends a folder's; None when a fault of it was noted."""
        name = self._decoded(raw)
        if name is None:
            return None
        if not is_folder and self._is_ordinary(name):
            self._files[name] = name
            return MemberName(name)
        before = len(self._faults)
        if is_folder:
            name = name.removesuffix("/")
        self._check(name)
        if len(self._faults) == before:
            self._register(name, is_folder=is_folder)
        return MemberName(name) if len(self._faults) == before else None

    def _is_ordinary(self, name: str) -> bool:
        """Whether this is a new file in a folder that was accepted, under a name that breaks no rule: most are."""
        folder, _, file = name.rpartition("/")
        return (
            folder in self._folders
            and name not in self._files
            and name not in self._folders
            and name.isascii()
            and len(name) <= self._short
            and name.count("/") < self._limits.depth
            and _ORDINARY.fullmatch(file) is not None
            and not _RESERVED.match(file)
        )

    def _decoded(self, raw: bytes | str) -> str | None:
        if isinstance(raw, str):
            return raw
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self._faults.add(
                Code.NAME_ENCODING, f"The member name {shown(raw)} is not UTF-8; name all members in UTF-8."
            )
            return None

    def _check(self, name: str) -> None:
        limits, add = self._limits, self._faults.add
        if not name:
            add(Code.NAME_EMPTY, "A member has an empty name; every member needs a relative path.")
            return
        if _CONTROL.search(name):
            add(
                Code.NAME_CONTROL,
                f"The member name {shown(name)} holds a control character; rename the file to printable characters.",
            )
        if "\\" in name:
            add(
                Code.NAME_BACKSLASH,
                f"The member name {shown(name)} holds a backslash; components are separated by '/' and hold none.",
            )
        if name.startswith("/"):
            add(Code.NAME_ABSOLUTE, f"The member name {shown(name)} is absolute; names are relative to the archive.")
            name = name.lstrip("/")
        components = name.split("/")
        if len(components) > limits.depth or len(name.encode("utf-8", "replace")) > limits.name_length:
            add(
                Code.NAME_TOO_LONG,
                f"The member name {shown(name)} has {len(components)} components and {len(name)} characters; at most "
                f"{limits.depth} components and {limits.name_length} bytes are accepted.",
            )
            return
        for component in components:
            self._check_component(component, name)

    def _check_component(self, component: str, name: str) -> None:
        add = self._faults.add
        if component in {"", ".", ".."}:
            add(
                Code.NAME_DOTS,
                f"The member name {shown(name)} has the component {shown(component)}; write the plain path, without "
                "empty, '.' or '..' components.",
            )
        elif component[-1] in ". " or ":" in component or _RESERVED.match(component):
            add(
                Code.NAME_WINDOWS,
                f"The component {shown(component)} of the member name {shown(name)} means another file or a device on "
                "Windows (a reserved name, a colon, or a dot or space at the end); rename the file.",
            )
        elif len(component.encode("utf-8", "replace")) > self._limits.component_length:
            add(
                Code.NAME_TOO_LONG,
                f"The component {shown(component)} of a member name is longer than {self._limits.component_length} "
                "bytes, which file systems do not take; rename the file.",
            )

    def _register(self, name: str, *, is_folder: bool) -> None:
        key = name if name.isascii() else unicodedata.normalize("NFC", name)
        other = self._files.get(key)
        if other is not None and not is_folder:
            self._report_same(name, other)
        elif other is not None or (not is_folder and key in self._folders):
            self._report_file_and_folder(name)
        elif is_folder and key in self._listed_folders:
            self._report_same(name, name)
        elif self._enter_folders(key if is_folder else key.rpartition("/")[0]):
            self._report_file_and_folder(name)
        elif is_folder:
            self._listed_folders.add(key)
        else:
            self._files[key] = name

    def _enter_folders(self, folder: str) -> bool:
        """Note `folder` and those above it; true when one of them is a file."""
        while folder and folder not in self._folders:
            if folder in self._files:
                return True
            self._folders.add(folder)
            folder = folder.rpartition("/")[0]
        return False

    def _report_same(self, name: str, other: str) -> None:
        if name == other:
            self._faults.add(
                Code.NAME_DUPLICATE,
                f"The member {shown(name)} is in the archive twice; readers disagree on which one counts. Keep one.",
            )
        else:
            self._faults.add(
                Code.NAME_UNICODE_COLLISION,
                f"The member names {shown(name, ascii_only=True)} and {shown(other, ascii_only=True)} differ only in "
                "their Unicode normalization and are one file on some systems; keep one.",
            )

    def _report_file_and_folder(self, name: str) -> None:
        self._faults.add(
            Code.NAME_FILE_AND_FOLDER,
            f"The member {shown(name)} needs a path to be a file (or a link) and a folder at once; rename one of them.",
        )


def case_collisions(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The groups of names that are one file where case does not count (Windows, macOS), in order of appearance."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(unicodedata.normalize("NFC", name).casefold(), []).append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
