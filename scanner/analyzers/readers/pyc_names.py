"""Instructions of bytecode that load, import and store names, and those that move things on the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.analyzers.readers.pyc_text import assignable, attribute, identifier, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.analyzers.readers.pyc_stack import Stack

__all__ = ["NAMES"]

#: Since then a flag of LOAD_ATTR says that a method is meant, and the mark lies above the callable.
_ATTRIBUTES_WITH_FLAG: Final = (3, 12)
_MARK_ABOVE: Final = (3, 13)


def _constant(stack: Stack, argument: int, _: str) -> None:
    stack.push_constant(argument)


def _small_int(stack: Stack, argument: int, _: str) -> None:
    stack.push(str(argument))


def _name(stack: Stack, argument: int, _: str) -> None:
    name = stack.name(argument)
    stack.push(name if is_plain(name) else f"globals()[{name!r}]")


def _global(stack: Stack, argument: int, operator: str) -> None:
    marked = argument & 1
    if marked and stack.version < _MARK_ABOVE:
        stack.push_mark()
    _name(stack, argument >> 1, operator)
    if marked and stack.version >= _MARK_ABOVE:
        stack.push_mark()


def _fast(stack: Stack, argument: int, _: str) -> None:
    stack.push(stack.variable(argument))


def _two(stack: Stack, argument: int, _: str) -> None:
    stack.push(stack.variable(argument >> 4))
    stack.push(stack.variable(argument & 15))


def _deref(stack: Stack, argument: int, _: str) -> None:
    stack.push(stack.cell(argument))


def _attribute(stack: Stack, argument: int, _: str) -> None:
    marked = 0
    if stack.version >= _ATTRIBUTES_WITH_FLAG:
        argument, marked = argument >> 1, argument & 1
    text = attribute(stack.pop(), stack.name(argument))
    if marked and stack.version < _MARK_ABOVE:
        stack.push_mark()
    stack.push(text)
    if marked and stack.version >= _MARK_ABOVE:
        stack.push_mark()


def _method(stack: Stack, argument: int, _: str) -> None:
    text = attribute(stack.pop(), stack.name(argument))
    stack.push_mark()
    stack.push(text)


def _mark(stack: Stack, *_: object) -> None:
    stack.push_mark()


def _build_class(stack: Stack, *_: object) -> None:
    stack.push("__build_class__")


# Imports


def _import(stack: Stack, argument: int, _: str) -> None:
    level = stack.take(2)[0]
    name = stack.name(argument)
    dots = "." * int(level) if level.isdecimal() and len(level) == 1 else ""
    if not dots and all(map(is_plain, name.split("."))):
        stack.write(f"import {name}")
        stack.push(name)
    else:
        stack.push(f"__import__({dots + name!r})")


def _import_from(stack: Stack, argument: int, _: str) -> None:
    name, base = stack.name(argument), stack.peek()
    if all(map(is_plain, [*base.split("."), name])):
        stack.write(f"from {base} import {name}")
        stack.push(name)
    else:
        stack.push(attribute(base, name))


def _import_star(stack: Stack, *_: object) -> None:
    base = stack.pop()
    if all(map(is_plain, base.split("."))):
        stack.write(f"from {base} import *")


# Assignments


def _store_name(stack: Stack, argument: int, _: str) -> None:
    stack.assign(identifier(stack.name(argument)), stack.pop())


def _store_fast(stack: Stack, argument: int, _: str) -> None:
    stack.assign(stack.variable(argument), stack.pop())


def _store_two(stack: Stack, argument: int, _: str) -> None:
    stack.assign(stack.variable(argument >> 4), stack.pop())
    stack.assign(stack.variable(argument & 15), stack.pop())


def _store_load(stack: Stack, argument: int, _: str) -> None:
    stack.assign(stack.variable(argument >> 4), stack.pop())
    stack.push(stack.variable(argument & 15))


def _store_deref(stack: Stack, argument: int, _: str) -> None:
    stack.assign(stack.cell(argument), stack.pop())


def _store_attribute(stack: Stack, argument: int, _: str) -> None:
    target = attribute(stack.pop(), stack.name(argument))
    value = stack.pop()
    if assignable(target):
        stack.assign(target, value)
    else:
        stack.write(f"setattr({target}, {value})")


def _store_subscript(stack: Stack, *_: object) -> None:
    key, target, value = stack.pop(), stack.pop(), stack.pop()
    if assignable(target):
        stack.assign(f"{target}[{stack.subscript(key)}]", value)
    else:
        stack.write(f"setitem({target}, {key}, {value})")


# Moves


def _drop(stack: Stack, *_: object) -> None:
    stack.write_call(stack.pop_item())


def _duplicate(stack: Stack, *_: object) -> None:
    stack.push(stack.peek())


def _copy(stack: Stack, argument: int, _: str) -> None:
    stack.push(stack.peek(argument))


def _swap(stack: Stack, argument: int, _: str) -> None:
    stack.swap(argument)


def _rotate_two(stack: Stack, *_: object) -> None:
    stack.swap(2)


def _rotate_three(stack: Stack, *_: object) -> None:
    stack.sink(3)


NAMES: Final[dict[str, Callable[[Stack, int, str], None]]] = {
    "COPY": _copy,
    "DUP_TOP": _duplicate,
    "IMPORT_FROM": _import_from,
    "IMPORT_NAME": _import,
    "IMPORT_STAR": _import_star,
    "LOAD_ATTR": _attribute,
    "LOAD_BUILD_CLASS": _build_class,
    "LOAD_CONST": _constant,
    "LOAD_DEREF": _deref,
    "LOAD_FAST": _fast,
    "LOAD_GLOBAL": _global,
    "LOAD_METHOD": _method,
    "LOAD_NAME": _name,
    "LOAD_SMALL_INT": _small_int,
    "LOAD_TWO": _two,
    "POP_JUMP": _drop,
    "POP_TOP": _drop,
    "PUSH_NULL": _mark,
    "ROT_THREE": _rotate_three,
    "ROT_TWO": _rotate_two,
    "STORE_ATTR": _store_attribute,
    "STORE_DEREF": _store_deref,
    "STORE_FAST": _store_fast,
    "STORE_LOAD": _store_load,
    "STORE_NAME": _store_name,
    "STORE_SUBSCR": _store_subscript,
    "STORE_TWO": _store_two,
    "SWAP": _swap,
}
