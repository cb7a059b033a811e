"""What calls give and do: the module's own functions, pure functions of constants, effects, and all the rest."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from scanner.behaviour import folding
from scanner.behaviour.clients import takes_handlers
from scanner.behaviour.containers import spread_elements
from scanner.behaviour.expressions import attribute
from scanner.behaviour.methods import (
    CLIENT_METHODS,
    GROWING_METHODS,
    PASSING_METHODS,
    decrypts,
    of_value,
    without_fragile,
)
from scanner.behaviour.naming import Named, about
from scanner.behaviour.patterns import CREDENTIAL_PLACE
from scanner.behaviour.registry import SPECIALS, Call
from scanner.behaviour.scopes import ClassInfo, FileHandle, FunctionInfo, Instance, Partial
from scanner.behaviour.values import (
    COMPUTED,
    CREDENTIAL,
    DECODED,
    ENCODED,
    ENCRYPTED,
    FETCHED_FILE,
    FILE,
    FRAGILE,
    MISSING,
    NETWORK,
    SCREEN,
    SOCKET,
    UNKNOWN,
    WRITTEN_FILE,
    Value,
    constant,
    join,
    tainted,
    trail_steps,
)
from scanner.behaviour.vocabulary import Effect, effect_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanner.behaviour.interpreter import Interpreter
    from scanner.behaviour.scopes import Scope

__all__ = ["call_value", "evaluate_call", "invoke", "layer_steps", "mark_path"]

_ARRAY_BUILDERS: Final = frozenset({"builtins.bytes", "builtins.bytearray", "builtins.chr", "builtins.map"})
#: What calls the functions that it is given.
_RUNNERS: Final = frozenset(
    {"threading.Thread", "threading.Timer", "multiprocessing.Process", "atexit.register", "_thread.start_new_thread"}
    | {
        "asyncio.run",
        "builtins.map",
        "builtins.filter",
        "functools.reduce",
        "concurrent.futures.ThreadPoolExecutor().submit",
    }
    | {"concurrent.futures.ThreadPoolExecutor().map", "multiprocessing.Pool().map"}
    | {"asyncio.get_event_loop().run_in_executor", "builtins.sorted"}
    | {"thread.start_new_thread", "multiprocessing.dummy.Pool().map"}
)
_RUNNING_METHODS: Final = frozenset(
    {"submit", "map", "apply", "apply_async", "imap", "imap_unordered", "starmap", "run_in_executor", "start_soon"}
    | {"call_soon", "call_later", "create_task", "run_until_complete", "after"}
)
#: What the module defines and somebody may call.
_OWN: Final = (FunctionInfo, Partial)
_LAYER_NAMES: Final = (
    ("b32", "base32"),
    ("b85", "base85"),
    ("a85", "ascii85"),
    ("b16", "hex"),
    ("hex", "hex"),
    ("zlib", "zlib"),
    ("gzip", "gzip"),
    ("bz2", "bz2"),
    ("lzma", "lzma"),
    ("marshal", "marshal"),
    ("rot", "rot13"),
    ("base64", "base64"),
)


def evaluate_call(it: Interpreter, node: ast.Call, scope: Scope) -> Value:
    """What a call gives."""
    owner, method, func = UNKNOWN, "", node.func
    if isinstance(func, ast.Attribute):
        owner, method = it.evaluate(func.value, scope), func.attr
        function = attribute(it, owner, method, it.line or node.lineno)
    else:
        function = it.evaluate(func, scope)
    arguments: list[Value] = []
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            arguments.extend(spread_elements(it, it.evaluate(argument.value, scope))[:4096])
        else:
            arguments.append(it.evaluate(argument, scope))
    keywords: dict[str, Value] = {}
    for keyword in node.keywords:
        value = it.evaluate(keyword.value, scope)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value.elements, dict):
            keywords.update({str(key): inner for key, inner in value.elements.items()})
    return invoke(it, Call(node, scope, function, arguments, keywords, owner, method, node.args))


def call_value(it: Interpreter, function: Value, arguments: Sequence[Value], like: Call) -> Value:
    """What a call of the value `function` gives, made by whatever `like` calls."""
    if like.depth > 16:  # noqa: PLR2004 # callbacks of callbacks of callbacks
        return join(arguments)
    return invoke(it, Call(like.node, like.scope, function, list(arguments), {}, depth=like.depth + 1))


def invoke(it: Interpreter, call: Call) -> Value:
    """What a call gives, once all its parts are known."""
    target = call.function.target
    if target is not None and not isinstance(target, FileHandle):
        return _of_the_module(it, call, target)
    ref = call.function.ref
    if ref is not None:
        special = SPECIALS.get(ref)
        if special is not None and (value := special(it, call)) is not None:
            return value
        return _by_name(it, call, ref)
    if call.arguments or call.keywords:
        _callbacks(it, call)
    if call.method:
        return of_value(it, call)
    return join([call.function, *call.all])


def _of_the_module(it: Interpreter, call: Call, target: object) -> Value:
    if isinstance(target, Partial):
        inner = Call(
            call.node,
            call.scope,
            target.function,
            [*target.arguments, *call.arguments],
            {**target.keywords, **call.keywords},
            call.owner,
            call.method,
            depth=call.depth + 1,
        )
        if inner.depth > 16:  # noqa: PLR2004 # partials of partials
            return join(inner.all)
        value = invoke(it, inner)
        if isinstance(target.function.target, FunctionInfo) and target.arguments:
            _mark_arguments(it, call, target.function.target, skip=len(target.arguments))
        return value
    if isinstance(target, FunctionInfo):
        value = it.call_function(target, call.arguments, call.keywords)
        _mark_arguments(it, call, target)
        return value
    if isinstance(target, ClassInfo):
        instance = Value(target=Instance(target))
        initializer = target.find("__init__")
        if initializer is not None and isinstance(initializer.target, FunctionInfo):
            it.call_function(initializer.target, call.arguments, call.keywords, instance)
        return instance
    if isinstance(target, Instance):
        caller = target.of.find("__call__")
        if caller is not None and isinstance(caller.target, FunctionInfo):
            return it.call_function(caller.target, call.arguments, call.keywords, call.function)
    return join(call.all)


def _mark_arguments(it: Interpreter, call: Call, info: FunctionInfo, skip: int = 0) -> None:
    """What the function found out of its parameters (a file was fetched to this path) holds for the arguments."""
    if not info.marks:
        return
    parameters = info.node.args
    names = [p.arg for p in (*parameters.posonlyargs, *parameters.args)][skip:]
    for name, value, node in zip(names, call.arguments, call.argument_nodes, strict=False):
        found = info.marks.get(name, 0) & (FETCHED_FILE | WRITTEN_FILE | SCREEN)
        if found & ~value.taint:
            mark_path(it, call, node, value, found)


def mark_path(it: Interpreter, call: Call, node: ast.expr | None, path: Value, taint: int) -> None:
    """From here on, `path` is known to name a file that was fetched, or written."""
    what = "fetched file" if taint & FETCHED_FILE else "written file" if taint & WRITTEN_FILE else "file that holds it"
    text = path.text
    if text is not None and len(text.strip("\ufffc/")) > 2:  # noqa: PLR2004 # shorter ones are everywhere
        it.marked[text] = it.marked.get(text, 0) | taint
    marked = tainted(path, taint, what, it.line or call.node.lineno)
    if isinstance(node, ast.Name):
        call.scope.mark(node.id, marked)
    elif isinstance(node, ast.Attribute):
        base = it.evaluate(node.value, call.scope)
        if (owner := it.find_class(base)) is not None:
            owner.attributes[node.attr] = marked
        else:
            it.attributes[node.attr] = marked
    elif isinstance(node, ast.Call) and node.args:
        mark_path(it, call, node.args[-1], it.evaluate(node.args[-1], call.scope), taint)


def _folded(it: Interpreter, call: Call, ref: str) -> Value | None:
    """What a pure function of constants gives."""
    if not all(value.known for value in call.all):
        return None
    const = folding.fold_call(
        ref, [v.const for v in call.arguments], {k: v.const for k, v in call.keywords.items()}, it.budget
    )
    if const is MISSING:
        return None
    built = COMPUTED if ref in _ARRAY_BUILDERS and isinstance(const, str | bytes) and call.arguments else 0
    return constant(const, *call.all, taint=built)


def _by_name(it: Interpreter, call: Call, ref: str) -> Value:
    """A call of something with a qualified name."""
    if ref in folding.DECODERS:
        return _decoded(it, call, ref)
    named = about(ref)
    if named.pure and (folded := _folded(it, call, ref)) is not None:
        return folded
    if named.effect is not None:
        it.emit(named.effect, ref, call.node, call.command)
    elif named.foreign:
        it.calls_out(ref)
    if call.arguments or call.keywords:
        _callbacks(it, call)
    if call.method in GROWING_METHODS and (call.owner.ref or "").endswith("()"):
        _stained(call)
    if call.method in PASSING_METHODS and call.function.ref is not None and call.owner.const is not MISSING:
        return of_value(it, call)
    if call.method in {"read", "load", "read_file"} and call.arguments:
        _reads_secrets(it, call)
    return UNKNOWN if named.neutral else _result(it, call, ref, named)


def _result(it: Interpreter, call: Call, ref: str, named: Named) -> Value:
    """What a call with a qualified name gives: its own source, or what went in."""
    result = join([call.owner, *call.all]) if named.passing else UNKNOWN
    if result.taint & FRAGILE and not named.preserving:
        result = without_fragile(call, result)
    if call.method.startswith("encrypt") and join(call.all).taint & FILE:
        result = tainted(result, ENCRYPTED, "encrypted", it.line or call.node.lineno)
    if decrypts(call):
        result = tainted(result, DECODED, f"decoded by {ref}", it.line or call.node.lineno)
    taint = result.taint
    if call.owner.taint & SOCKET:
        kept = named.effect is not None or call.method in CLIENT_METHODS or call.method in PASSING_METHODS
        taint = taint | SOCKET if kept else taint & ~SOCKET
    value = Value(MISSING, named.result, taint, result.trail)
    if named.source is not None:
        value = tainted(value, *named.source, it.line or call.node.lineno)
    return value


def _stained(call: Call) -> None:
    """An object that takes something up (a form, a message with attachments) holds it from then on."""
    func = call.node.func if isinstance(call.node, ast.Call) else None
    added = join(call.all)
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name) or not added.taint:
        return
    merged = join([call.owner, added])
    call.scope.mark(func.value.id, Value(MISSING, call.owner.ref, merged.taint, merged.trail))


def _reads_secrets(it: Interpreter, call: Call) -> None:
    """An object that reads a file of secrets (a parser of configurations) holds them from then on."""
    text = call.argument(0).text
    func = call.node.func if isinstance(call.node, ast.Call) else None
    if text is None or not isinstance(func, ast.Attribute) or not CREDENTIAL_PLACE.search(text[-200:]):
        return
    it.emit(Effect.OPEN, call.function.ref or "", call.node, call.arguments)
    if isinstance(func.value, ast.Name):
        held = tainted(call.owner, CREDENTIAL, f"secrets in {text[-60:]}", it.line or call.node.lineno)
        call.scope.mark(func.value.id, held)


def _decoded(it: Interpreter, call: Call, ref: str) -> Value:
    """What a decoder makes of its argument."""
    encoded = call.argument(0)
    if encoded.known and all(value.known for value in call.all):
        const = folding.fold_call(
            ref, [v.const for v in call.arguments], {k: v.const for k, v in call.keywords.items()}, it.budget
        )
        if const is not MISSING:
            value = tainted(constant(const, *call.all), DECODED, f"decoded by {ref}", it.line or call.node.lineno)
            if isinstance(const, str | bytes):
                it.blob(const, layer_steps(value), call.node)
            return value
    if encoded.taint or encoded.known:
        literal = encoded.known or encoded.taint & (ENCODED | COMPUTED)
        merged = join([encoded])
        return tainted(merged, DECODED if literal else 0, f"decoded by {ref}", it.line or call.node.lineno)
    if encoded.ref is not None and not encoded.ref.endswith("()"):  # a constant of another module, by its name
        return tainted(UNKNOWN, DECODED, f"decoded by {ref}", it.line or call.node.lineno)
    return UNKNOWN


def layer_steps(value: Value) -> tuple[str, ...]:
    """The decodings on the way to `value`, by their short names."""
    steps = []
    for what, _line in trail_steps(value.trail):
        if what.startswith("decoded by "):
            steps.append(next((short for mark, short in _LAYER_NAMES if mark in what), "decoded"))
    return tuple(steps[-8:])


def _callbacks(it: Interpreter, call: Call) -> None:
    """Functions that are handed on may be called: with `args=`, or with whatever else is handed on.

    Functions of the module are followed only where something is known to call them: elsewhere they are walked on their
    own, when all names are bound.
    """
    runner = call.function.ref in _RUNNERS or call.method in _RUNNING_METHODS
    for value in call.all:
        target, ref = value.target, value.ref
        if target is None and ref is None:
            continue  # nothing that could be called
        own = isinstance(target, _OWN)
        if isinstance(target, FunctionInfo) and takes_handlers(call.function.ref):
            target.fed = (tainted(UNKNOWN, NETWORK, "message from somebody", it.line or call.node.lineno), it.current)
        if own and not runner:
            continue
        if runner and ref is not None and not ref.endswith("()"):
            it.calls_out(ref)  # a thread may run a function of another module
        if not own and (ref is None or ref.endswith("()") or effect_of(ref) is None):
            continue
        given = call.keywords.get("args")
        if given is not None:
            arguments = list(spread_elements(it, given))
        else:
            arguments = [v for v in call.arguments if v is not value]
            if len(arguments) == 1 and isinstance(arguments[0].elements, list | tuple):
                arguments = list(arguments[0].elements)[:4]
        call_value(it, value, arguments, call)
