"""Bandit's own plugins on a tree that is parsed already: the same issues as the `bandit` command, faster.

Bandit's manager parses each file again, copies a context for each test, builds a list of line numbers for each
node, and looks up `nosec` comments line by line (quadratic, and an attacker's text would silence findings). This
walk visits the same nodes in the same order and calls the same plugin functions, but makes a context only where
a test is waiting, shares it between the tests of a node, and never asks for `nosec`.

Work is counted, not timed: equal trees give equal answers on every machine.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from io import BytesIO
from tokenize import detect_encoding
from typing import TYPE_CHECKING, Any, Final

from scanner.analyzers.bandit_costs import Keys, chain_work, literals, search_work
from scanner.analyzers.bandit_guards import AS_READ, may_concern_function, may_concern_text
from scanner.analyzers.bandit_tests import Context, Imported, Test, looking_at_call, qualified_name, tests_by_node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["WORK_LIMIT", "Issue", "Report", "run"]

#: Test calls (and their equivalents in list look-ups) that one member may cost: about two seconds.
WORK_LIMIT: Final = 6_000_000

_ABSTRACT_LEAVES: Final = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
#: Node types that no test waits for and that have nothing below them to visit.
_LEAVES: Final = frozenset([ast.Name, *(leaf for kind in _ABSTRACT_LEAVES for leaf in kind.__subclasses__())])
#: Fields that hold words, numbers or leaves, never a node to visit.
_WORDS: Final = frozenset(
    {"arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level", "module", "op", "ops", "simple"}
    | {"type_comment"}
)
_FIELDS: Final[dict[type[ast.AST], tuple[str, ...]]] = {}
#: What B613 looks for, as UTF-8 has it.
_DIRECTIONS: Final = tuple(mark.encode() for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f")
_CODING_LINES: Final = 200
_UTF8: Final = frozenset({"utf-8", "utf-8-sig"})
_LONG_DICT: Final = 32


@dataclass(frozen=True, slots=True)
class Issue:
    """What one Bandit test says about one place."""

    test_id: str
    line: int
    column: int
    severity: str
    confidence: str
    text: str


@dataclass(slots=True)
class Report:
    """The issues of one member, the tests that broke on it, and whether the work limit cut the walk short."""

    issues: list[Issue] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    exhausted: bool = False


class _Exhausted(Exception):
    """The member cost as much work as one member may."""


def run(tree: ast.Module, data: bytes, filename: str, limit: int = WORK_LIMIT) -> Report:
    """The report of all Bandit tests on `tree`, whose source is `data`. The tree is left as it was."""
    walk = _Walk(data, filename, limit)
    try:
        walk.visit_all(tree)
        if _may_hide_direction(data):
            walk.apply("File", {**walk.base, "lineno": 0, "col_offset": 0})
    except _Exhausted:
        walk.report.exhausted = True
    finally:
        walk.restore()
    return walk.report


class _Walk:
    def __init__(self, data: bytes, filename: str, limit: int) -> None:
        self.report = Report()
        self.imported = Imported()
        self.aliases: dict[str, str] = {}
        self.base: dict[str, Any] = {
            "imports": self.imported.names,
            "import_aliases": self.aliases,
            "filename": filename,
            "file_data": BytesIO(data),
        }
        self._tests = tests_by_node()
        self._per_call, self._per_text, self._per_function = (
            len(self._tests.get(waiting, ())) for waiting in ("Call", "Str", "FunctionDef")
        )
        self._left = limit
        self._touched: list[ast.AST] = []
        self._long_dicts: list[tuple[ast.Dict, list[Any]]] = []
        self._roots: dict[int, ast.BinOp] = {}
        self._chains: dict[int, int] = {}
        self._visitors: dict[type, Callable[[Any], None] | None] = {
            ast.Call: self._call,
            ast.Constant: self._constant,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.FunctionDef: self._function,
            ast.ClassDef: None,
            ast.Module: None,
        }

    def visit_all(self, tree: ast.Module) -> None:
        """Every node below `tree` is tested, in the order of the source, without recursion."""
        stack: list[ast.AST] = [tree]
        visitors, touched = self._visitors, self._touched
        while stack:
            node = stack.pop()
            kind = type(node)
            if kind in visitors:
                visit = visitors[kind]
            else:
                visit = visitors[kind] = self._plain if kind.__name__ in self._tests else None
            if visit is not None:
                visit(node)
            if kind is ast.Constant:
                continue
            children = _children(node)
            for child in children:
                child._bandit_parent = node  # type: ignore[attr-defined] # noqa: SLF001 # plugins climb by it
            touched += children
            if kind is ast.Dict or kind is ast.BinOp:
                self._prepare(node)
            children.reverse()
            stack += children

    def restore(self) -> None:
        """The tree has no trace of the walk: no cycles, its own lists."""
        for node in self._touched:
            del node._bandit_parent  # type: ignore[attr-defined] # noqa: SLF001 # set by this walk
        for display, keys in self._long_dicts:
            display.keys = keys

    def apply(self, waiting: str, facts: dict[str, Any]) -> None:
        """Every test that waits for `waiting` has looked at the place that `facts` describe."""
        tests = self._tests.get(waiting, ())
        self._charge(len(tests))
        self._look(tests, facts)

    def _look(self, tests: Iterable[Test], facts: dict[str, Any]) -> None:
        context = Context(facts, self.imported, self._charge)
        for test in tests:
            try:
                found = test.call(context)
            except _Exhausted:
                raise
            except Exception as error:  # noqa: BLE001 # a test that breaks on hostile input costs itself only
                self.report.broken.setdefault(test.id, type(error).__name__)
                continue
            if found is not None:
                self.report.issues.append(_issue(found, test, facts))

    def _charge(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise _Exhausted

    def _facts(self, node: Any, **more: Any) -> dict[str, Any]:
        facts = {**self.base, "node": node, **more}
        line = getattr(node, "lineno", None)
        if line is not None:
            facts["lineno"], facts["col_offset"] = line, node.col_offset
        return facts

    def _plain(self, node: ast.AST) -> None:
        self.apply(type(node).__name__, self._facts(node))

    def _call(self, node: ast.Call) -> None:
        try:
            qualified = qualified_name(node, self.aliases)
        except RecursionError:
            self.report.broken["call-name"] = "RecursionError"
            return
        self._charge(self._per_call)  # what all of them cost, so that the limit means the same of every call
        tests = looking_at_call(node, qualified)
        if tests:
            name = qualified.rpartition(".")[2]
            self._look(tests, self._facts(node, call=node, qualname=qualified, name=name))

    def _function(self, node: ast.FunctionDef) -> None:
        if may_concern_function(node):
            self._plain(node)
        else:
            self._charge(self._per_function)

    def _constant(self, node: Any) -> None:
        parent = node._bandit_parent  # noqa: SLF001 # set by this walk
        if isinstance(parent, ast.Expr):
            return  # a docstring
        if isinstance(node.value, str):
            self._charge(self._text_work(node, parent))
            if may_concern_text(node.value, parent):
                self.apply("Str", self._facts(node, str=node.value))
            else:
                self._charge(self._per_text)
        elif isinstance(node.value, bytes) and "Bytes" in self._tests:
            self.apply("Bytes", self._facts(node, bytes=node.value))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        module = ""
        for alias in node.names:
            if alias.asname:
                self.aliases[alias.asname] = alias.name
            self.imported.add(alias.name)
            module = alias.name
        self.apply("Import", self._facts(node, module=module))

    def _import_from(self, node: ast.ImportFrom) -> None:
        if node.module is None:
            return self._import(node)
        name = ""
        for alias in node.names:
            name = alias.name
            self.aliases[alias.asname or name] = f"{node.module}.{name}"
            self.imported.add(f"{node.module}.{name}")
        return self.apply("ImportFrom", self._facts(node, module=node.module, name=name))

    def _prepare(self, node: ast.AST) -> None:
        """Places where a plugin's own loops are quadratic are made linear, or their cost is known beforehand."""
        if isinstance(node, ast.Dict) and len(node.keys) > _LONG_DICT:
            self._long_dicts.append((node, node.keys))
            node.keys = Keys(node.keys)
        elif isinstance(node, ast.BinOp):
            root = self._roots.pop(id(node), node)
            for side in (node.left, node.right):
                self._chains[id(side)] = id(root)
                if isinstance(side, ast.BinOp):
                    self._roots[id(side)] = root
            if root is node:
                self._chains[id(node)] = chain_work(node)

    def _text_work(self, node: Any, parent: Any) -> int:
        """What B608 costs for this literal, in test calls: it joins the whole expression again for each."""
        if isinstance(parent, ast.BinOp):
            return self._chains[self._chains[id(node)]]
        if isinstance(parent, ast.JoinedStr):
            first = node is parent.values[0]
            return len(parent.values) // 8 + (search_work(literals(parent.values)) if first else 0)
        return search_work([node.value]) if isinstance(parent, ast.Attribute) else 0


def _children(node: ast.AST) -> list[ast.AST]:
    children: list[ast.AST] = []
    kind = type(node)
    fields = _FIELDS.get(kind)
    if fields is None:
        fields = _FIELDS[kind] = tuple(name for name in kind._fields if name not in _WORDS)
    for name in fields:
        value = getattr(node, name, None)
        if not value or type(value) in _LEAVES:
            continue
        if isinstance(value, list):
            for item in value:
                if type(item) not in _LEAVES and isinstance(item, ast.AST):
                    children.append(item)  # noqa: PERF401 # most lists have one item or none
        elif isinstance(value, ast.AST):
            children.append(value)
    return children


def _may_hide_direction(data: bytes) -> bool:
    """Whether B613 can find anything: plain ASCII holds no bidirectional control, unless an odd codec makes one."""
    if data.isascii() and b"coding" not in data[:_CODING_LINES]:
        return False
    try:
        encoding, _ = detect_encoding(BytesIO(data).readline)
    except SyntaxError:
        return True
    return not AS_READ or encoding not in _UTF8 or any(mark in data for mark in _DIRECTIONS)


def _issue(found: Any, test: Test, facts: dict[str, Any]) -> Issue:
    line = facts["lineno"] if found.lineno is None else found.lineno
    column = facts["col_offset"] if found.col_offset == -1 else found.col_offset
    return Issue(found.test_id or test.id, line, column, found.severity, found.confidence, found.text)
