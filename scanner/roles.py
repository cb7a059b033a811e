"""Each member of an artifact gets its role: when does it run.

The path gives a first answer, what runs gives the last: a member that something running imports, or names as a script,
runs with it, whatever its folder is called.
"""

from __future__ import annotations

import re
import tomllib
from collections import deque
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from scanner.imports import imported
from scanner.memory import Mentions
from scanner.model import RUNNING_ROLES, MemberName, Role
from scanner.paths import Place, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

__all__ = ["roles"]

_STRENGTH: Final = {
    role: strength
    for strength, role in enumerate(
        (Role.NEVER, Role.TEST, Role.COMMAND, Role.IMPORT, Role.INSTALL, Role.BUILD, Role.STARTUP)
    )
}
_CODE: Final = frozenset({".py", ".pyw", ".pyc", ".so", ".pyd", ".pyx"})
_READ: Final = frozenset({".py", ".pyw", ".pth", ".start"})
_STARTUP_NAMES: Final = frozenset({"sitecustomize.py", "usercustomize.py", "sitecustomize.pyc", "usercustomize.pyc"})
_STARTUP_SUFFIXES: Final = frozenset({".pth", ".start"})
_BUILD_NAMES: Final = frozenset({"setup.py", "setup.cfg", "pyproject.toml", "hatch_build.py", "pdm_build.py"})

_TEST_FOLDERS: Final = frozenset({"tests", "test"})
_ASIDE_FOLDERS: Final = frozenset(
    {".ci", ".github", "asv_bench", "bench", "benchmark", "benchmarks", "ci", "contrib", "demo", "demos", "doc", "docs"}
    | {
        "example",
        "examples",
        "maintenance",
        "sample",
        "samples",
        "scripts",
        "testing",
        "tools",
        "tutorial",
        "tutorials",
    }
)
_TEST_FILE: Final = re.compile(r"test_.*\.py|.*_test\.py|conftest\.py|noxfile\.py")

#: The end of a file's name, but no place in one (`file.py:3`), as documentation and messages name it. It begins with a
#: literal, which is found many times faster than what stands before it.
_FILE_END: Final = re.compile(
    rb"\.(?:pyw?|pyc|sh|bash|bat|cmd|ps1|vbs|jse?|wsf|hta|exe|dll|so|pyd|dylib|bin|scr|jar|pth)\b(?!:\d)"
)
_TURNED: Final = re.compile(rb"[\w.-]+")
_LONGEST_FILE: Final = 108
#: File names that so many things have that a mention tells nothing.
_EVERYWHERE: Final = frozenset({b"setup.py", b"__init__.py", b"conftest.py", b"conf.py", b"__main__.py"})
_NAMESAKES: Final = 3
_ATTR: Final = re.compile(r"attr:\s*([\w.]+)")
_SCRIPT: Final = re.compile(r"=\s*([\w.]+)\s*(?::|$)", re.MULTILINE)
_POINTING_KEYS: Final = frozenset({"attr", "getter", "build", "script", "path", "hook", "custom-hook"})


def roles(
    names: Collection[MemberName],
    read: Callable[[MemberName], bytes],
    mentioned: Callable[[MemberName], Mentions] | None = None,
    *,
    is_wheel: bool,
) -> dict[MemberName, Role]:
    """When each member of the artifact runs.

    `read` is asked for the bytes of Python files and of the files that configure build and entry points; `mentioned`,
    where it is given, for what a Python file mentions.
    """
    return _Assignment(names, read, mentioned or (lambda name: mentions(read(name))), is_wheel=is_wheel).result()


def mentions(text: bytes) -> Mentions:
    """The modules and files that a Python text mentions, each once."""
    modules = dict.fromkeys((dotted, tuple(items)) for dotted, items in imported(text))
    files = dict.fromkeys(_named_files(text))
    return Mentions(tuple(modules), tuple(file.decode() for file in files if file not in _EVERYWHERE))


def _named_files(text: bytes) -> Iterator[bytes]:
    for match in _FILE_END.finditer(text):
        end = match.end()
        turned = _TURNED.match(text[max(0, end - _LONGEST_FILE) : end][::-1])
        if turned is not None and len(match[0]) < len(turned[0]) < _LONGEST_FILE:
            yield turned[0][::-1]


class _Assignment:
    """The work of `roles`: first by path, then along imports, strongest role first."""

    def __init__(
        self,
        names: Collection[MemberName],
        read: Callable[[MemberName], bytes],
        mentioned: Callable[[MemberName], Mentions],
        *,
        is_wheel: bool,
    ) -> None:
        self._read = read
        self._mentioned = mentioned
        self._is_wheel = is_wheel
        self._inner = {name: _inner_path(name, is_wheel=is_wheel) for name in names}
        self._by_path = {path.parts: name for name, path in self._inner.items()}
        self._modules, self._by_file = _index(self._inner)
        self._packages = {path.folders for path in self._inner.values() if path.file == "__init__.py"}
        self._imports: dict[MemberName, tuple[MemberName, ...]] = {}
        self._resolved: dict[str, tuple[MemberName, ...]] = {}

    def result(self) -> dict[MemberName, Role]:
        assigned = {name: self._by_place(name, path) for name, path in self._inner.items()}
        if not any(role is Role.IMPORT and self._inner[name].suffix in _CODE for name, role in assigned.items()):
            # Nothing else is installed: then what looks like tests is the package.
            for name, role in assigned.items():
                if role is Role.TEST and self._inner[name].suffix in _CODE:
                    assigned[name] = Role.IMPORT
        for name in self._built_by_configuration():
            assigned[name] = Role.BUILD
        for role in (Role.STARTUP, Role.BUILD, Role.INSTALL, Role.IMPORT, Role.COMMAND):
            self._spread(assigned, role)
        self._weaken_commands(assigned)
        return assigned

    # By place

    def _by_place(self, name: MemberName, path: Place) -> Role:
        if self._is_wheel:
            return self._in_wheel(name, path)
        if len(path.parts) == 1 and path.file in _BUILD_NAMES:
            return Role.BUILD
        if path.suffix not in _CODE:
            return Role.NEVER
        return Role.TEST if self._is_aside(path) else Role.IMPORT

    def _in_wheel(self, name: MemberName, path: Place) -> Role:
        scheme = _scheme(name)
        top = path.parts[0] if not scheme else ""
        if top.endswith(".dist-info") or scheme == "headers":
            return Role.NEVER
        if path.suffix in _STARTUP_SUFFIXES and (len(path.parts) == 1 or scheme == "data"):
            return Role.STARTUP
        if path.file in _STARTUP_NAMES and (len(path.parts) == 1 or scheme == "data"):
            return Role.STARTUP
        if scheme == "scripts" or (scheme == "data" and "bin" in path.folders):
            return Role.COMMAND
        if path.suffix not in _CODE:
            return Role.NEVER
        return Role.TEST if self._is_aside(path) else Role.IMPORT

    def _is_aside(self, path: Place) -> bool:
        """Whether the path says tests, documentation, examples or tools of the project's own."""
        if _TEST_FILE.fullmatch(path.file) or not _TEST_FOLDERS.isdisjoint(path.folders):
            return True
        if len(path.parts) > 1 and path.parts[0] in _ASIDE_FOLDERS:
            return not (path.parts[0] in {"tools", "scripts", "contrib"} and path.parts[:1] in self._packages)
        return not self._is_wheel and self._is_aside_below(path.folders)

    def _is_aside_below(self, folders: tuple[str, ...]) -> bool:
        """Whether the folders lead to such a place inside a vendored tree, and not into a package that is installed."""
        for end in range(1, len(folders) + 1):
            if folders[:end] in self._packages:
                return False
            # No module is imported from a folder with a blank in its name.
            if (end > 1 and folders[end - 1] in _ASIDE_FOLDERS) or " " in folders[end - 1]:
                return True
        return False

    # By configuration

    def _built_by_configuration(self) -> Iterator[MemberName]:
        if self._is_wheel:
            return
        if (name := self._by_path.get(("setup.cfg",))) is not None:
            for match in _ATTR.finditer(self._text(name)):
                yield from self._resolve_attribute(match[1])
        if (name := self._by_path.get(("pyproject.toml",))) is None:
            return
        try:
            project = tomllib.loads(self._text(name))
        except (ValueError, RecursionError):
            # Whoever builds this may read it more kindly than we do: everything at the root may be a backend.
            yield from (m for m, path in self._inner.items() if len(path.parts) <= 2 and path.suffix == ".py")  # noqa: PLR2004 # a file or a folder's file
            return
        yield from self._backend(project.get("build-system", {}))
        for value in _pointers(project.get("tool", {})):
            yield from self._resolve_attribute(value.partition(":")[0])
            if value.endswith(".py") and (member := self._by_path.get(PurePosixPath(value).parts)) is not None:
                yield member

    def _backend(self, system: object) -> Iterator[MemberName]:
        """The members of a backend that lies in the tree (PEP 517, `backend-path`)."""
        if not isinstance(system, dict) or not isinstance(backend := system.get("build-backend"), str):
            return
        module = backend.partition(":")[0].strip().replace(".", "/")
        folders = system.get("backend-path", [])
        for folder in folders if isinstance(folders, list) else [folders]:
            for candidate in (f"{module}.py", f"{module}/__init__.py", f"{module.partition('/')[0]}/__init__.py"):
                member = self._by_path.get(PurePosixPath(str(folder), candidate).parts)
                if member is not None:
                    yield member

    def _resolve_attribute(self, dotted: str) -> Iterator[MemberName]:
        """The module that `package.module.attribute` lies in, and its packages."""
        yield from self._resolve(dotted.strip("."))

    # Along imports

    def _spread(self, assigned: dict[MemberName, Role], role: Role) -> None:
        """Gives `role` to everything that members of that role reach, where it is the stronger one."""
        waiting = deque(name for name, has in assigned.items() if has is role)
        while waiting:
            for target in self._reached(waiting.popleft()):
                if _STRENGTH[assigned[target]] < _STRENGTH[role] and self._may_take(assigned[target], role):
                    assigned[target] = role
                    waiting.append(target)

    @staticmethod
    def _may_take(has: Role, role: Role) -> bool:
        # An installed package runs at import; that a build or start-up file imports it makes it run then, too.
        return has not in RUNNING_ROLES or role in {Role.BUILD, Role.STARTUP}

    def _reached(self, name: MemberName) -> tuple[MemberName, ...]:
        known = self._imports.get(name)
        if known is None:
            scanned = self._inner[name].suffix in _READ or not self._inner[name].suffix
            known = self._imports[name] = tuple(dict.fromkeys(self._scan(name))) if scanned else ()
        return known

    def _scan(self, name: MemberName) -> Iterator[MemberName]:
        found = self._mentioned(name)
        package = self._inner[name].folders
        for dotted, items in found.imports:
            yield from self._targets(package, dotted, items)
        for file in found.files:
            named = self._by_file.get(file, ())
            if len(named) <= _NAMESAKES:
                yield from named

    def _targets(self, package: tuple[str, ...], dotted: str, items: Iterable[str]) -> Iterator[MemberName]:
        name = dotted.lstrip(".")
        if level := len(dotted) - len(name):
            if level - 1 > len(package):
                return
            base = ".".join(package[: len(package) - level + 1])
            name = f"{base}.{name}" if base and name else base or name
        yield from self._resolve(name)
        for item in items:
            yield from self._modules.get(f"{name}.{item}" if name else item, ())

    def _resolve(self, dotted: str) -> tuple[MemberName, ...]:
        """The module of that name, and its packages."""
        known = self._resolved.get(dotted)
        if known is None:
            found: list[MemberName] = []
            name = dotted
            while name:
                found += self._modules.get(name, ())
                name = name.rpartition(".")[0]
            known = self._resolved[dotted] = tuple(found)
        return known

    # Commands

    def _weaken_commands(self, assigned: dict[MemberName, Role]) -> None:
        """Modules that only a command runs have the role of commands."""
        targets = {name for dotted in self._entry_points() for name in self._modules.get(dotted, ())}
        targets |= {name for name, path in self._inner.items() if path.file == "__main__.py"}
        candidates = {m for m in targets if assigned[m] is Role.IMPORT and self._inner[m].file != "__init__.py"}
        if not candidates:
            return
        imported = {
            target
            for name, role in assigned.items()
            if role in RUNNING_ROLES and self._inner[name].suffix in _READ
            for target in self._reached(name)
            if target != name
        }
        for name in candidates - imported:
            assigned[name] = Role.COMMAND

    def _entry_points(self) -> Iterator[str]:
        for name, path in self._inner.items():
            if path.file == "entry_points.txt":
                scripts = self._text(name).partition("[console_scripts]")[2].partition("[")[0]
                yield from (match[1] for match in _SCRIPT.finditer(scripts))
        if (name_ := self._by_path.get(("pyproject.toml",))) is not None and not self._is_wheel:
            try:
                scripts_ = tomllib.loads(self._text(name_)).get("project", {}).get("scripts", {})
            except (ValueError, RecursionError, AttributeError):
                return
            if isinstance(scripts_, dict):
                yield from (str(value).partition(":")[0].strip() for value in scripts_.values())

    def _text(self, name: MemberName) -> str:
        return self._read(name).decode("utf-8", "replace")


def _inner_path(name: MemberName, *, is_wheel: bool) -> Place:
    """The path below the sdist's top folder, or below the folder that the wheel's scheme installs to."""
    path = place_of(name)
    above = (2 if _scheme(name) else 0) if is_wheel else 1  # NAME.data/SCHEME/…, or the top folder
    return path._replace(parts=path.parts[above:]) if 0 < above < len(path.parts) else path


def _scheme(name: MemberName) -> str:
    """`scripts`, `data`, `purelib`, … for members below `*.data/`, else the empty string."""
    top, _, rest = name.partition("/")
    return rest.partition("/")[0] if top.endswith(".data") and "/" in rest else ""


def _index(
    inner: dict[MemberName, Place],
) -> tuple[dict[str, list[MemberName]], dict[str, list[MemberName]]]:
    """Members by every dotted name under which one may import them, and by file name."""
    modules: dict[str, list[MemberName]] = {}
    by_file: dict[str, list[MemberName]] = {}
    for name, path in inner.items():
        by_file.setdefault(path.file, []).append(name)
        if path.suffix not in _CODE:
            continue
        parts = [*path.folders, path.file.partition(".")[0]]
        if parts[-1] == "__init__":
            parts.pop()
        # `src/pkg/mod.py` is `pkg.mod` and, for those who put the root on the path, `src.pkg.mod`.
        for start in range(min(len(parts), 2)):
            modules.setdefault(".".join(parts[start:]), []).append(name)
    return modules, by_file


def _pointers(table: Any, key: str = "") -> Iterator[str]:
    """The strings of a `[tool]` table that may name code which a build backend runs."""
    if isinstance(table, dict):
        for inner_key, value in table.items():
            yield from _pointers(value, str(inner_key))
    elif isinstance(table, list):
        for value in table:
            yield from _pointers(value, key)
    elif isinstance(table, str) and (key in _POINTING_KEYS or table.endswith(".py")):
        yield table
