"""Which of Bandit's tests can have anything to say of a place, told from names: most have nothing to say of most calls.

Each guard is a necessary condition, read from the code of one version of Bandit. With any other version there are none,
and every test looks at every place that it waits for.
"""

from __future__ import annotations

import ast
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Container

__all__ = ["AS_READ", "Called", "called", "may_concern_call", "may_concern_function", "may_concern_text"]

#: Whether the guards are true of the Bandit that is installed.
AS_READ: Final = version("bandit") == "1.9.4"

_SHELLS: Final = frozenset({"os", "popen2", "commands", "subprocess"})
_SLOTS: Final = frozenset({"shell", "debug", "method", "ssl_version"})
_IMPORTERS: Final = frozenset({"importlib.import_module", "importlib.__import__"})
_SAFE_MARKS: Final = frozenset({"mark_safe", "SafeText", "SafeUnicode", "SafeString", "SafeBytes"})
_TEMPORARY: Final = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 # what Bandit looks for
#: Where Bandit looks for passwords and for queries.
_TELLING_PLACES: Final = (ast.Assign, ast.Dict, ast.Subscript, ast.Compare, ast.BinOp, ast.Attribute, ast.JoinedStr)


class Called(NamedTuple):
    """What the guards ask of a call."""

    name: str
    """The qualified name of what is called."""
    importing: bool
    """Whether it is called by the very name `__import__`."""
    keywords: frozenset[str]
    """The keywords that guards ask for; `*` stands for any other."""


def called(call: ast.Call, name: str) -> Called:
    """What the guards ask of `call`, of something with the qualified name `name`."""
    importing = isinstance(call.func, ast.Name) and call.func.id == "__import__"
    if not call.keywords:
        return Called(name, importing, frozenset())
    return Called(name, importing, frozenset(k.arg if k.arg in _SLOTS else "*" for k in call.keywords if k.arg))


def _shell(call: Called) -> bool:
    return call.name.partition(".")[0] in _SHELLS


def _part(*words: str) -> Callable[[Called], bool]:
    return lambda call: any(word in call.name for word in words)


def _exactly(names: Container[str]) -> Callable[[Called], bool]:
    return lambda call: call.name in names


def _last(names: Container[str]) -> Callable[[Called], bool]:
    return lambda call: call.name.rpartition(".")[2] in names


def _requests(call: Called) -> bool:
    return call.name.partition(".")[0] in {"requests", "httpx"}


_CALLS: Final[dict[str, Callable[[Called], bool]]] = {
    "B102": _exactly({"exec"}),
    "B103": _part("chmod"),
    "B106": lambda call: bool(call.keywords),
    "B113": _requests,
    "B201": lambda call: "debug" in call.keywords,
    "B202": _part("extractall"),
    "B324": _part("hashlib", "crypt"),
    "B501": _requests,
    "B502": lambda call: not call.keywords.isdisjoint({"method", "ssl_version"}),
    "B504": _exactly({"ssl.wrap_socket"}),
    "B505": _part("generate"),
    "B506": _last({"load"}),
    "B507": _last({"set_missing_host_key_policy"}),
    "B508": _exactly({"pysnmp.hlapi.CommunityData"}),
    "B509": _exactly({"pysnmp.hlapi.UsmUserData"}),
    "B601": _last({"exec_command"}),
    "B602": _shell,
    "B603": _shell,
    "B604": lambda call: "shell" in call.keywords,
    "B605": _shell,
    "B606": _shell,
    "B607": _shell,
    "B609": _shell,
    "B610": _last({"extra"}),
    "B611": _last({"RawSQL"}),
    "B612": _exactly({"logging.config.listen"}),
    "B614": _exactly({"torch.load", "torch.serialization.load"}),
    "B615": _last({"from_pretrained", "load_dataset", "hf_hub_download", "snapshot_download", "repository_id"}),
    "B701": _last({"Environment"}),
    "B702": _last({"Template"}),
    "B703": _last(_SAFE_MARKS),
    "B704": _last({"Markup"}),
}


def may_concern_call(test_id: str, call: Called, listed: Container[str]) -> bool:
    """Whether the test may say something of the call; `listed` are the names on Bandit's list."""
    if test_id == "B001":
        return call.importing or call.name in listed or call.name in _IMPORTERS
    guard = _CALLS.get(test_id) if AS_READ else None
    return guard is None or guard(call)


def may_concern_text(text: str, parent: ast.AST) -> bool:
    """Whether a test may say something of a text that stands in `parent`."""
    if not AS_READ or isinstance(parent, _TELLING_PLACES):
        return True
    return text == "0.0.0.0" or text.startswith(_TEMPORARY)  # noqa: S104 # what Bandit looks for


def may_concern_function(function: ast.FunctionDef) -> bool:
    """Whether a test may say something of a function: all that wait for one look at what its parameters default to."""
    return not AS_READ or bool(function.args.defaults)
