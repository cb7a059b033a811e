"""Code that runs whenever Python starts: lines of `.pth` and `.start` files, `sitecustomize` and `usercustomize`.

`site` executes each line of a `.pth` file that begins with `import` and a blank, in every process of the environment,
whether or not the package is used; a line of a `.start` file (PEP 829) names a function that is called then. A line
that only calls modules of the artifact is told mildly, because those modules are judged where they stand, as start-up
code. Anything else is told plainly. Harmless lines are recognised by their syntax tree, never by their text.
"""

from __future__ import annotations

import ast
import re
import sys
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from scanner.analyzers.behaviour import behaviour
from scanner.model import Role, Sha256Hex
from scanner.paths import file_of, suffix_of
from scanner.syntax import parse
from scanner.view import ArtifactView, MemberView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.model import Finding
    from scanner.ruleset import Ruleset

__all__ = ["startup"]

_SUFFIXES: Final = frozenset({".pth", ".start"})
_CUSTOMIZERS: Final = frozenset({"sitecustomize.py", "usercustomize.py"})
_MAX_LINES: Final = 1_000
_MAX_NODES: Final = 300
_ENTRY: Final = re.compile(r"([A-Za-z_]\w{0,80})(?:\.\w{1,80}){0,12}(?::\w{1,80}(?:\.\w{1,80}){0,4})?")

#: What a harmless line may touch beside the artifact's own modules.
_HELPERS: Final = frozenset({"os", "sys"})
_ASKING: Final = frozenset({"os.getenv", "os.environ.get"})
_STATEMENTS: Final = (
    ast.Module,
    ast.Expr,
    ast.Import,
    ast.alias,
    ast.Assign,
    ast.If,
    ast.Try,
    ast.ExceptHandler,
    ast.Pass,
)
_OPERATORS: Final = (ast.Compare, ast.cmpop, ast.BoolOp, ast.boolop, ast.UnaryOp, ast.unaryop)
_HARMLESS: Final = (
    *_STATEMENTS,
    *_OPERATORS,
    *(ast.Name, ast.Load, ast.Store, ast.Attribute, ast.Constant, ast.keyword, ast.Call),
)
#: As setuptools wrote it for every namespace package, until 2022.
_NAMESPACE: Final = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('NAME',));"
    "importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
    "m = has_mfs and sys.modules.setdefault('NAME', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('NAME', [os.path.dirname(p)])));"
    "m = m or sys.modules.setdefault('NAME', types.ModuleType('NAME'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
)


def startup(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    """What the artifact makes run at every start of Python."""
    for member in view.members.values():
        if suffix_of(member.name).lower() in _SUFFIXES:
            yield from _lines_of(view, member, ruleset)
        elif file_of(member.name) in _CUSTOMIZERS and member.role is Role.STARTUP:
            yield ruleset.finding("startup-module", role=member.role, member=member.name, line=1)


def _lines_of(view: ArtifactView, member: MemberView, ruleset: Ruleset) -> Iterator[Finding]:
    lines = _numbered(member.data)
    starts = member.name.lower().endswith(".start")
    own = frozenset(_top(name, is_wheel=view.is_wheel) for name in view.members) - sys.stdlib_module_names
    for number, line in lines[:_MAX_LINES]:
        if starts:
            entry = _ENTRY.fullmatch(line.strip())
            yield _told(
                "startup-import" if entry and entry[1] in own else "startup-code", member, number, line, ruleset
            )
        elif line.startswith(("import ", "import\t")):
            tree = _parsed(line)
            harmless = tree is not None and (_is_harmless(tree, own) or _is_namespace(tree))
            yield _told("startup-import" if harmless else "startup-code", member, number, line, ruleset)
            yield from _behaviour_of(view, member, "\n" * (number - 1) + line, ruleset)
    if len(lines) > _MAX_LINES:
        yield _told("startup-code", member, _MAX_LINES, f"{len(lines)} lines, {_MAX_LINES} were read", ruleset)


def _told(rule: str, member: MemberView, number: int, line: str, ruleset: Ruleset) -> Finding:
    return ruleset.finding(rule, role=member.role, member=member.name, line=number, snippet=line)


def _behaviour_of(view: ArtifactView, member: MemberView, text: str, ruleset: Ruleset) -> Iterator[Finding]:
    """The chains in one line, which may be a program of its own."""
    code = text.encode("utf-8", "surrogatepass")
    inner = MemberView(member.name, code, Sha256Hex(sha256(code).hexdigest()), member.role, (), is_python=True)
    alone = ArtifactView(view.filename, view.is_wheel, view.metadata, {member.name: inner}, {member.name: member.role})
    yield from behaviour(alone, ruleset)


def _numbered(data: bytes) -> list[tuple[int, str]]:
    """The lines that `site` looks at, with their numbers; it decodes as UTF-8, else as the locale says."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    numbered = enumerate(text.splitlines(), start=1)
    return [(number, line) for number, line in numbered if line.strip() and not line.startswith("#")]


def _parsed(text: str) -> ast.Module | None:
    try:
        return parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_harmless(tree: ast.Module, own: frozenset[str], depth: int = 0) -> bool:
    """Whether the code only imports and calls modules of the artifact, and asks the environment whether to."""
    nodes = list(ast.walk(tree))
    if len(nodes) > _MAX_NODES or depth > 1:
        return False
    return all(isinstance(node, _HARMLESS) and _may(node, own, depth) for node in nodes)


def _may(node: ast.AST, own: frozenset[str], depth: int) -> bool:
    if isinstance(node, ast.Import):
        return all(alias.name.partition(".")[0] in own | _HELPERS for alias in node.names)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id not in own for target in node.targets)
    if isinstance(node, ast.Call):
        return _may_call(node, own, depth)
    return True


def _may_call(node: ast.Call, own: frozenset[str], depth: int) -> bool:
    called = ast.unparse(node.func)
    if called in _ASKING:
        return True
    first = node.args[0] if node.args else None
    text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
    if called == "__import__":
        return text is not None and text.partition(".")[0] in own
    if called == "exec" and text is not None and len(node.args) == 1:
        inner = _parsed(text)
        return inner is not None and _is_harmless(inner, own, depth + 1)
    return _root(node.func) in own


def _root(node: ast.expr) -> str:
    """The name at the left end of `a.b.c`, or the module in `__import__("a").b`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__" and node.args:
        name = node.args[0]
        return str(name.value).partition(".")[0] if isinstance(name, ast.Constant) else ""
    return node.id if isinstance(node, ast.Name) else ""


def _is_namespace(tree: ast.Module) -> bool:
    """Whether the line makes a namespace package, as setuptools writes it, for whatever name."""
    return _unnamed(tree) == _unnamed(ast.parse(_NAMESPACE))


def _unnamed(tree: ast.Module) -> str:
    dumped = ast.dump(tree)
    return re.sub(r"Constant\(value='(?!importlib\.|sitedir|__path__)[\w.]{1,120}'\)", "@", dumped[:20_000])


def _top(name: str, *, is_wheel: bool) -> str:
    """The name under which the top of a member's path is imported."""
    parts = PurePosixPath(name).parts
    index = 0 if is_wheel or len(parts) == 1 else 1
    return parts[index].partition(".")[0]
