"""Bandit's own plugins, loaded once, and the context that they look through, with what many ask for computed once."""

from __future__ import annotations

import ast
import sys
import warnings
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

with warnings.catch_warnings():
    # Bandit 1.9 asks stevedore for an argument that stevedore gives up.
    warnings.simplefilter("ignore", DeprecationWarning)
    from bandit.core import blacklisting
    from bandit.core import config as bandit_config
    from bandit.core import context as bandit_context
    from bandit.core import extension_loader as bandit_extensions
    from bandit.core import test_set as bandit_test_set
    from bandit.core import utils as bandit_utils

from scanner.analyzers.bandit_guards import Called, called, may_concern_call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Context",
    "Imported",
    "Test",
    "known_ids",
    "looking_at_call",
    "name_of",
    "qualified_name",
    "tests_by_node",
]

#: Longer names are not remembered.
_LONGEST_NAME: Final = 200
_MARKS_SAFE: Final = frozenset({"mark_safe", "SafeText", "SafeUnicode", "SafeString", "SafeBytes"})


@dataclass(frozen=True, slots=True)
class Test:
    """One plugin function, with its configuration bound."""

    id: str
    call: Callable[[Any], Any]


@cache
def tests_by_node() -> Mapping[str, tuple[Test, ...]]:
    """Bandit's own tests by the node type that they wait for, with their default configuration bound."""
    loaded = bandit_test_set.BanditTestSet(bandit_config.BanditConfig())
    return {
        node_type: tuple(_bind(plugin, node_type) for plugin in plugins if plugin.__module__.startswith("bandit."))
        for node_type, plugins in loaded.tests.items()
    }


def looking_at_call(call: ast.Call, name: str) -> tuple[Test, ...]:
    """The tests that may say something of the call of what has the qualified name `name`, in Bandit's order."""
    about = called(call, name)
    return _remembered(about) if len(name) <= _LONGEST_NAME else _concerned(about)


def _concerned(about: Called) -> tuple[Test, ...]:
    listed = _listed_calls()
    return tuple(test for test in tests_by_node().get("Call", ()) if may_concern_call(test.id, about, listed))


_remembered = lru_cache(maxsize=16384)(_concerned)


@cache
def _listed_calls() -> frozenset[str]:
    """The names on Bandit's list of calls."""
    checks = blacklisting.blacklist._config["Call"]  # noqa: SLF001 # where Bandit keeps it
    return frozenset(name for check in checks for name in check["qualnames"])


def known_ids() -> frozenset[str]:
    """The ids of all tests that `run` applies."""
    tests = tests_by_node()
    lists = blacklisting.blacklist._config  # noqa: SLF001 # where Bandit keeps it
    named = {check["id"] for checks in lists.values() for check in checks}
    return frozenset(named | {test.id for waiting in tests.values() for test in waiting if test.id != "B001"})


@cache
def name_of(test_id: str) -> str:
    """What Bandit calls the test, in words."""
    manager = bandit_extensions.MANAGER
    if (listed := manager.blacklist_by_id.get(test_id)) is not None:
        return str(listed["name"]).replace("_", " ")
    if (plugin := manager.plugins_by_id.get(test_id)) is not None:
        return str(plugin.name).replace("_", " ")
    return "unknown test"


def qualified_name(call: ast.Call, aliases: dict[str, str]) -> str:
    """What Bandit takes for the full name of what is called, empty where it is no plain name."""
    func = call.func
    if isinstance(func, ast.Name):
        return aliases.get(func.id, func.id)
    return str(bandit_utils.get_call_name(call, aliases))


def _bind(plugin: Any, node_type: str) -> Test:
    if plugin is blacklisting.blacklist and node_type == "Call":
        return Test(plugin._test_id, _indexed_blacklist(plugin._config["Call"]))  # noqa: SLF001 # Bandit's own
    if plugin._test_id == "B703":  # noqa: SLF001 # Bandit's own
        return Test("B703", _metered(plugin))
    if not hasattr(plugin, "_config"):
        return Test(plugin._test_id, plugin)  # noqa: SLF001 # Bandit's own
    config = plugin._config  # noqa: SLF001 # Bandit's own
    return Test(plugin._test_id, lambda context: plugin(context, config))  # noqa: SLF001 # Bandit's own


def _indexed_blacklist(checks: list[dict[str, Any]]) -> Callable[[Any], Any]:
    """`bandit.core.blacklisting.blacklist` for calls, with a dictionary in place of its two loops."""
    index: dict[str, dict[str, Any]] = {}
    for check in checks:
        for name in check["qualnames"]:
            index.setdefault(name, check)

    def blacklist(context: Any) -> Any:
        func = context.node.func
        if isinstance(func, ast.Name) and func.id == "__import__":
            arguments = context.node.args
            name: Any = ""
            if arguments:
                literal = isinstance(arguments[0], ast.Constant) and isinstance(arguments[0].value, str)
                name = arguments[0].value if literal else "UNKNOWN"
        else:
            name = context.call_function_name_qual
            if name in {"importlib.import_module", "importlib.__import__"}:
                name = context.call_args[0] if context.call_args_count else context.call_keywords["name"]
        check = index.get(name) if isinstance(name, str) else None
        return None if check is None else blacklisting.report_issue(check, name)

    return blacklist


def _metered(mark_safe: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """B703 with its function calls counted: it follows assignments backwards, and a few lines make that endless."""

    def metered(context: Any) -> Any:
        if context.call_function_name not in _MARKS_SAFE:
            return mark_safe(context)
        before = sys.getprofile()

        def count(_frame: object, event: str, _argument: object) -> None:
            if event == "call":
                context.charge(12)

        sys.setprofile(count)
        try:
            return mark_safe(context)
        finally:
            sys.setprofile(before)

    return metered


class Context(bandit_context.Context):  # type: ignore[misc] # Bandit ships no types
    """Bandit's context, with what several tests ask for computed once."""

    __slots__ = (
        "_args",
        "_context",
        "_imported",
        "_keywords",
        "call_function_name",
        "call_function_name_qual",
        "charge",
        "node",
    )

    def __init__(self, facts: dict[str, Any], imported: Imported, charge: Callable[[int], None]) -> None:
        self._context = facts
        self.charge = charge
        self.node = facts.get("node")
        self.call_function_name = facts.get("name")
        self.call_function_name_qual = facts.get("qualname")
        self._imported = imported
        self._args: list[Any] | None = None
        self._keywords: dict[str, Any] | None = None

    @property
    def call_args(self) -> list[Any]:
        """As in Bandit."""
        if self._args is None:
            self._args = super().call_args
        return self._args

    @property
    def call_keywords(self) -> dict[str, Any] | None:
        """As in Bandit."""
        if self._keywords is None:
            self._keywords = super().call_keywords
        return self._keywords

    def is_module_imported_like(self, module: str) -> bool:
        """As in Bandit."""
        return self._imported.like(module)


class Imported:
    """The names imported so far; each question looks at each name once."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._order: list[str] = []
        self._asked: dict[str, tuple[bool, int]] = {}

    def add(self, name: str) -> None:
        """The name is imported from here on."""
        if name not in self.names:
            self.names.add(name)
            self._order.append(name)

    def like(self, module: str) -> bool:
        """Whether `module` is part of any imported name."""
        found: bool
        found, seen = self._asked.get(module, (False, 0))
        if not found and seen < len(self._order):
            found = any(module in name for name in self._order[seen:])
            self._asked[module] = (found, len(self._order))
        return found
