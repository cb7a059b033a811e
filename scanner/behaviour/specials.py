"""Calls with a meaning of their own: looking names up, running text, importing, mapping, awaiting."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Final

from scanner.behaviour import texts
from scanner.behaviour.calls import call_value, layer_steps
from scanner.behaviour.containers import spread_elements
from scanner.behaviour.expressions import attribute, subscript
from scanner.behaviour.operators import HIDDEN_NAMES
from scanner.behaviour.registry import Call, register
from scanner.behaviour.scopes import FunctionInfo, Partial
from scanner.behaviour.values import COMPUTED, DECODED, ENCODED, MISSING, UNKNOWN, Value, constant, join, named
from scanner.behaviour.vocabulary import Effect, canonical, effect_of
from scanner.syntax import parse

if TYPE_CHECKING:
    from scanner.behaviour.interpreter import Interpreter

__all__: list[str] = []

#: The longest text that is walked as code at the place where it is executed.
_INLINE: Final = 200_000
_MAPPED: Final = 70_000
_TEXTS_RUN: Final = 2_000
#: Shorter texts may be run again with other names around them; longer ones are looked at as layers.
_SHORT: Final = 64


def _line(it: Interpreter, call: Call) -> int:
    return it.line or call.node.lineno


def _plain(call: Call, position: int) -> bool:
    return isinstance(call.argument_node(position), ast.Constant)


@register("builtins.getattr", "builtins.object.__getattribute__", "builtins.__getattribute__", "inspect.getattr_static")
def _getattr(it: Interpreter, call: Call) -> Value | None:
    owner, name = call.argument(0), call.argument(1)
    if call.function.ref == "builtins.__getattribute__" and len(call.arguments) == 1:
        owner, name = named("builtins"), call.argument(0)
    if not name.known or not isinstance(name.const, str):
        if owner.ref in {"builtins", "os", "subprocess", "importlib", "sys.modules"}:
            it.emit(
                "hidden-name" if name.taint & (COMPUTED | DECODED) else "open-name", str(owner.ref), call.node, (name,)
            )
            return Value(MISSING, f"{owner.ref}.<computed>", name.taint, name.trail)
        return join([owner])
    value = attribute(it, owner, name.const, _line(it, call))
    _note_hidden(it, call, name.const, value, plain=_plain(call, 1))
    return value


def _note_hidden(it: Interpreter, call: Call, name: str, value: Value, *, plain: bool) -> None:
    """A dangerous thing whose name is put together is hidden on purpose."""
    if plain or value.ref is None:
        return
    computed = value.ref.startswith("builtins.") and bool(call.argument(1).taint & COMPUTED)
    if computed or name in HIDDEN_NAMES or effect_of(value.ref) is not None:
        node = call.argument_node(1) or call.argument_node(0)
        if node is not None and not isinstance(node, ast.Name):
            it.emit("hidden-name", value.ref, call.node, (value,))


@register("builtins.__import__", "importlib.import_module", "importlib.__import__")
def _import(it: Interpreter, call: Call) -> Value | None:
    name = call.argument(0, "name")
    if not name.known or not isinstance(name.const, str):
        it.emit(Effect.IMPORT, call.function.ref or "", call.node, call.all)
        return UNKNOWN
    whole = call.function.ref == "importlib.import_module" or len(call.arguments) > 3 or "fromlist" in call.keywords  # noqa: PLR2004 # (name, globals, locals, fromlist)
    if name.taint & (DECODED | COMPUTED) or not (_plain(call, 0) or isinstance(call.argument_node(0), ast.Name | None)):
        it.emit("hidden-import", name.const, call.node, (name,))
    return named(canonical(name.const if whole else name.const.partition(".")[0]))


@register("builtins.globals", "builtins.locals", "builtins.vars", "builtins.dir")
def _namespace(_it: Interpreter, call: Call) -> Value | None:
    owner = call.argument(0)
    if call.function.ref == "builtins.dir":
        return UNKNOWN
    if owner.ref is not None:
        return named(f"{owner.ref}.__dict__")
    if call.arguments:
        return join([owner])
    return named("locals()" if call.function.ref == "builtins.locals" else "globals()")


@register("globals().get", "locals().get", "globals().__getitem__", "sys.modules.get", "sys.modules.__getitem__")
@register("builtins.__dict__.get", "builtins.__dict__.__getitem__", "os.__dict__.get", "os.__dict__.__getitem__")
@register("subprocess.__dict__.get", "globals().pop", "os.environ.get", "os.environ.pop", "os.environ.__getitem__")
def _looked_up(it: Interpreter, call: Call) -> Value | None:
    if call.owner.ref == "os.environ" and len(call.arguments) > 1:
        return _environment(it, call)
    return subscript(it, call.owner, call.argument(0), _line(it, call), call.scope)


@register("os.getenv", "os.environ.setdefault", "os.getenvb")
def _environment(it: Interpreter, call: Call) -> Value | None:
    name = call.argument(0)
    known = name.const if name.known and isinstance(name.const, str) else None
    return texts.environment(known, _line(it, call), call.argument(1, "default"))


@register("builtins.setattr")
def _setattr(it: Interpreter, call: Call) -> Value | None:
    name, value = call.argument(1), call.argument(2)
    owner = it.find_class(call.argument(0))
    if isinstance(name.const, str):
        (owner.attributes if owner is not None else it.attributes)[name.const] = value
    return UNKNOWN


@register("operator.attrgetter", "operator.itemgetter", "operator.methodcaller", "functools.partial")
def _prepared(_it: Interpreter, call: Call) -> Value | None:
    if call.function.ref == "functools.partial":
        return Value(target=Partial(call.argument(0), tuple(call.arguments[1:]), dict(call.keywords)))
    name = call.argument(0)
    if not name.known or not isinstance(name.const, str):
        return None
    return Value(target=Partial(named(f"<{call.function.ref}>"), tuple(call.arguments), {}))


@register("<operator.attrgetter>", "<operator.itemgetter>", "<operator.methodcaller>")
def _got(it: Interpreter, call: Call) -> Value | None:
    if len(call.arguments) < 2:  # noqa: PLR2004 # the name, and what it is looked up in
        return join(call.arguments)
    *names, owner = call.arguments
    if call.function.ref == "<operator.itemgetter>":
        return subscript(it, owner, names[0], _line(it, call), call.scope)
    value = owner
    for part in str(names[0].const).split("."):
        value = attribute(it, value, part, _line(it, call))
    _note_hidden(it, call, str(names[0].const).rpartition(".")[2], value, plain=False)
    if call.function.ref == "<operator.methodcaller>":
        return call_value(it, value, names[1:], call)
    return value


@register("builtins.exec", "builtins.eval", "builtins.execfile")
def _execute(it: Interpreter, call: Call) -> Value | None:
    code = call.argument(0)
    ref = call.function.ref or ""
    it.emit(Effect.EXECUTE, ref, call.node, (code,))
    if not code.known or not isinstance(code.const, str | bytes) or len(code.const) > _INLINE:
        return join([code])
    text = code.const if isinstance(code.const, str) else code.const.decode("utf-8", "replace")
    hidden = bool(code.taint & (DECODED | COMPUTED | ENCODED))
    if hidden:
        it.blob(text, layer_steps(code) or ("computed",), call.node, executed=True)
    return _inline(it, call, text, muted=hidden and len(text) > _SHORT)


def _inline(it: Interpreter, call: Call, text: str, *, muted: bool) -> Value:
    """Walks code that stands in a text, as if it stood at the call."""
    if text in it.texts_run or len(it.texts_run) > _TEXTS_RUN:
        return UNKNOWN
    if len(text) > _SHORT:
        it.texts_run.add(text)
    it.budget.visit(len(text) // 8)
    try:
        tree = parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return UNKNOWN
    line, it.line = it.line, _line(it, call)
    it.muted += muted
    try:
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            return it.evaluate(tree.body[0].value, call.scope)
        it.execute(tree.body, call.scope)
    finally:
        it.line = line
        it.muted -= muted
    return UNKNOWN


@register("builtins.compile")
def _compile(_it: Interpreter, call: Call) -> Value | None:
    return call.argument(0, "source")


@register("builtins.map", "builtins.filter", "itertools.starmap", "functools.reduce", "builtins.sorted")
def _map(it: Interpreter, call: Call) -> Value | None:
    function, items = call.argument(0), call.argument(1)
    if call.function.ref == "builtins.sorted" or (function.ref is None and function.target is None):
        return None
    if not (items.known or items.elements):
        call_value(it, function, [join([items])], call)
        return join([items])
    elements = spread_elements(it, items)
    if len(elements) > _MAPPED or call.function.ref == "functools.reduce":
        call_value(it, function, [join(elements)], call)
        return join([items])
    if call.function.ref == "builtins.filter":
        call_value(it, function, [join(elements)], call)
        return items
    results = [call_value(it, function, [element], call) for element in elements]
    merged = join(results)
    const = [v.const for v in results] if all(v.known for v in results) else MISSING
    return Value(const, None, merged.taint, merged.trail, elements=results)


@register("builtins.str", "builtins.repr", "builtins.format", "os.fspath", "os.fsdecode", "shlex.quote")
@register("os.path.expanduser", "os.path.expandvars", "os.path.abspath", "os.path.normpath", "os.path.realpath")
def _text(_it: Interpreter, call: Call) -> Value | None:
    value = call.argument(0)
    if value.ref is not None and value.ref.startswith("builtins.") and value.ref.count(".") == 1:
        builtin = getattr(builtins, value.ref[9:], None)
        if builtin is not None and call.function.ref in {"builtins.str", "builtins.repr"}:
            return constant(repr(builtin), taint=COMPUTED)
    if call.function.ref in {"builtins.str", "builtins.repr"} and value.known and isinstance(value.const, bytes):
        return texts.through(value, value.const.decode("utf-8", "replace")) if len(call.arguments) > 1 else None
    if call.function.ref == "builtins.repr" and value.known:
        return None
    return texts.through(value, value.const) if value.text is not None else None


@register(*(f"builtins.{n}.{m}" for n in dir(builtins) if not n.startswith("_") for m in ("__str__", "__repr__")))
def _builtin_text(_it: Interpreter, call: Call) -> Value | None:
    name = (call.function.ref or "").split(".")[1]
    if call.owner.const is not MISSING:
        return texts.through(call.owner, call.owner.const)
    return constant(repr(getattr(builtins, name)), taint=COMPUTED)


@register("asyncio.run", "asyncio.get_event_loop().run_until_complete", "asyncio.create_task", "asyncio.gather")
def _awaited(_it: Interpreter, call: Call) -> Value | None:
    return call.argument(0)


@register("setuptools.setup", "distutils.core.setup", "setuptools.core.setup")
def _setup(it: Interpreter, call: Call) -> Value | None:
    """The commands of `cmdclass` are run when somebody installs."""
    commands = call.keywords.get("cmdclass", UNKNOWN).elements
    for name, value in commands.items() if isinstance(commands, dict) else ():
        if value.ref is not None:
            it.calls_out(f"{value.ref}().run")
        elif (owner := it.find_class(value)) is not None:
            methods = (v.target for v in owner.scope.names.values())
            it.report.hooks.update({m: str(name) for m in methods if isinstance(m, FunctionInfo)})
    return UNKNOWN


@register("builtins.<computed>")
def _some_builtin(it: Interpreter, call: Call) -> Value | None:
    """A builtin that was looked up under an unknown name: what is hidden and handed to it is executed by it."""
    if any(value.taint & DECODED for value in call.arguments):
        it.emit(Effect.EXECUTE, "builtins.exec", call.node, call.arguments)
    return None


@register("builtins.staticmethod", "builtins.classmethod")
def _method(_it: Interpreter, call: Call) -> Value | None:
    return call.argument(0)


@register("globals().update", "locals().update")
def _names_set(it: Interpreter, call: Call) -> Value | None:
    given = call.argument(0).elements
    names = {**(given if isinstance(given, dict) else {}), **call.keywords}
    it.module.names.update({name: value for name, value in names.items() if isinstance(name, str)})
    return UNKNOWN


@register("builtins.type")
def _type(_it: Interpreter, call: Call) -> Value | None:
    return UNKNOWN if len(call.arguments) == 1 else None


@register("builtins.iter", "builtins.next", "builtins.memoryview", "copy.copy", "copy.deepcopy", "builtins.dict")
def _same(it: Interpreter, call: Call) -> Value | None:
    value = call.argument(0)
    if call.function.ref == "builtins.next":
        return spread_elements(it, value)[0] if value.elements else join([value])
    if call.function.ref == "builtins.dict" and call.keywords and not call.arguments:
        merged = join(call.keywords.values())
        return Value(MISSING, None, merged.taint, merged.trail, elements=dict(call.keywords))
    return None if call.function.ref == "builtins.dict" else value
