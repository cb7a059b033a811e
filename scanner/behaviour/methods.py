"""Methods of values that have no qualified name: texts, containers, open files, sockets."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final

from scanner.behaviour import folding, texts
from scanner.behaviour.registry import SPECIALS
from scanner.behaviour.scopes import FileHandle
from scanner.behaviour.values import (
    COMPUTED,
    DECODED,
    ENCODED,
    ENCRYPTED,
    FILE,
    FRAGILE,
    MISSING,
    SOCKET,
    UNKNOWN,
    Value,
    constant,
    join,
    tainted,
)

if TYPE_CHECKING:
    from scanner.behaviour.interpreter import Interpreter
    from scanner.behaviour.registry import Call

__all__ = [
    "CLIENT_METHODS",
    "GROWING_METHODS",
    "LISTING_METHODS",
    "PASSING_METHODS",
    "decrypts",
    "of_value",
    "without_fragile",
]

#: Methods after which what is known of a text is still readable.
PASSING_METHODS: Final = frozenset(
    {"strip", "lstrip", "rstrip", "encode", "decode", "lower", "format", "replace", "expanduser", "absolute", "resolve"}
    | {"as_posix", "__str__", "upper", "rsplit"}
)
#: Methods of a socket that give the socket in another form.
CLIENT_METHODS: Final = frozenset({"fileno", "makefile", "accept", "__enter__", "__aenter__", "wrap_socket", "dup"})
#: Methods that give the content of a container.
LISTING_METHODS: Final = frozenset({"items", "values", "keys", "copy", "hex", "join"})
GROWING_METHODS: Final = frozenset(
    {"append", "extend", "add", "insert", "update", "appendleft", "put", "setdefault", "add_field", "attach"}
)


def of_value(it: Interpreter, call: Call) -> Value:
    """What a method of a value without a name gives: of a text, a container, an open file, or of nothing known."""
    owner, method = call.owner, call.method
    if isinstance(owner.target, FileHandle) or method in {"write_bytes", "write_text"}:
        value = SPECIALS["<file>"](it, call)
        if value is not None:
            return value
    if (found := _of_text(it, call)) is not None:
        return found
    if method in {"encrypt", "encrypt_and_digest", "encryptor"} and join(call.all).taint & FILE:
        return tainted(join(call.all), ENCRYPTED, "encrypted", it.line or call.node.lineno)
    if method in GROWING_METHODS:
        _grown(call)
        return UNKNOWN
    if decrypts(call):
        return tainted(join([owner, *call.all]), DECODED, f"decoded by {method}", it.line or call.node.lineno)
    if method == "get" and isinstance(owner.elements, dict) and isinstance(call.argument(0).const, str | int):
        return owner.elements.get(call.argument(0).const, join([owner]))
    return _of_anything(call)


def _of_anything(call: Call) -> Value:
    """What a method of which nothing is known gives: what went in, but neither sockets nor secrets as they are."""
    owner, method = call.owner, call.method
    value = join([owner, *call.all])
    if owner.taint & SOCKET and method in CLIENT_METHODS:
        return Value(MISSING, owner.ref, value.taint, value.trail)
    if value.taint & SOCKET and method not in PASSING_METHODS:
        value = Value(MISSING, None, value.taint & ~SOCKET, value.trail)
    return without_fragile(call, value) if value.taint & FRAGILE else value


def without_fragile(call: Call, value: Value) -> Value:
    """`value`, which a call made, without what hardly survives the call: a secret as it is, a whole environment."""
    listing = call.method in PASSING_METHODS or call.method in LISTING_METHODS
    kept = call.owner.taint & FRAGILE if listing else 0
    return Value(MISSING, None, value.taint & ~FRAGILE | kept, value.trail)


def decrypts(call: Call) -> bool:
    """Whether a method turns a literal into what it holds, whoever's method it is."""
    if call.method not in {"decrypt", "unpad", "decompress"}:
        return False
    return any(v.known or v.taint & (ENCODED | COMPUTED) for v in call.arguments)


def _of_text(it: Interpreter, call: Call) -> Value | None:
    """What a method of a constant gives, or of a text that is known in part."""
    owner, method = call.owner, call.method
    if owner.known and all(value.known for value in call.all):
        folded = _folded_method(it, call)
        if folded is not None:
            return folded
    if (text := owner.text) is None:
        return None
    if method == "format" and isinstance(owner.const, str):
        return texts.formatted_braces(it, owner, call.arguments, call.keywords)
    if method == "join" and isinstance(owner.const, str):
        return _joined(it, call, text)
    return texts.through(owner) if method in PASSING_METHODS else None


def _folded_method(it: Interpreter, call: Call) -> Value | None:
    owner, method = call.owner, call.method
    const = folding.fold_method(
        owner.const,
        method,
        [v.const for v in call.arguments],
        {k: v.const for k, v in call.keywords.items()},
        it.budget,
    )
    if const is MISSING:
        return None
    built = method in {"translate", "to_bytes"} or (
        method == "join" and any(v.taint & COMPUTED for v in call.arguments)
    )
    value = constant(const, owner, *call.all, taint=COMPUTED if built else 0)
    if (
        method == "decode"
        and call.argument(0).known
        and str(call.argument(0).const).lower() in {"hex", "base64", "rot13"}
    ):
        value = tainted(value, DECODED, f"decoded by {call.argument(0).const}", it.line or call.node.lineno)
    return value


def _joined(it: Interpreter, call: Call, glue: str) -> Value:
    items = call.argument(0)
    elements = items.elements
    if not isinstance(elements, list | tuple) or len(elements) > 4096:  # noqa: PLR2004 # not put together by hand
        return join([call.owner, items])
    if all(v.text is None for v in elements):
        return join([call.owner, items])
    words = [v.text if v.text is not None else "\ufffc" for v in elements]
    return texts.made(it, glue.join(words), [items], exact=False)


def _grown(call: Call) -> None:
    """A container has taken something up."""
    func = call.node.func if isinstance(call.node, ast.Call) else None
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return
    added = join(call.all)
    owner = call.owner
    elements: Any = owner.elements
    one = call.method == "append" and len(call.arguments) == 1
    if one and (elements is None or isinstance(elements, list)) and not call.scope.conditional:
        elements = [*(elements or []), call.arguments[0]] if len(elements or ()) < 512 else elements  # noqa: PLR2004 # enough
    elif added.taint & ~owner.taint == 0:
        return
    merged = join([owner, added])
    known = isinstance(elements, list) and all(v.known for v in elements)
    const: Any = [v.const for v in elements] if known and one else MISSING
    call.scope.mark(func.value.id, Value(const, None, merged.taint, merged.trail, elements=elements))
