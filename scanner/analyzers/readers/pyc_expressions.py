"""Instructions of bytecode that call, compute and build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.analyzers.readers.pyc_opcodes import BINARY_OPERATORS
from scanner.analyzers.readers.pyc_stack import NULL
from scanner.analyzers.readers.pyc_text import bound, called, grouped, is_plain, names_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.analyzers.readers.pyc_stack import Stack

__all__ = ["EXPRESSIONS"]

#: Since then a call with unpacked arguments always has keywords, if only a mark.
_ALWAYS_KEYWORDS: Final = (3, 14)
_WITHOUT_QUALIFIED_NAME: Final = (3, 11)
_ATTRIBUTES_APART: Final = (3, 13)
_IN_FUNCTION: Final = 2
_FORMAT_SPEC: Final = 4


# Calls


def _call(stack: Stack, argument: int, _: str) -> None:
    arguments = _with_keywords(stack.take(argument), stack.keywords)
    stack.keywords = ()
    _call_marked(stack, arguments)


def _call_marked(stack: Stack, arguments: list[str]) -> None:
    """Two things lie below the arguments: the callable, and a mark or what the method belongs to."""
    below = [stack.pop_item(), stack.pop_item()]
    functions = [text for text in reversed(below) if text != NULL]
    if len(functions) > 1:
        arguments = [functions[1], *arguments]
    stack.push(called(functions[0] if functions else "_", arguments))


def _call_keywords(stack: Stack, argument: int, _: str) -> None:
    names = names_in(stack.pop())
    _call_marked(stack, _with_keywords(stack.take(argument), names))


def _keyword_names(stack: Stack, argument: int, _: str) -> None:
    constants = stack.code.constants
    value = constants[argument] if argument < len(constants) else ()
    stack.keywords = tuple(str(name)[:100] for name in value[:200]) if isinstance(value, tuple) else ()


def _call_function(stack: Stack, argument: int, _: str) -> None:
    arguments = stack.take(argument)
    stack.push(called(stack.pop(), arguments))


def _call_function_keywords(stack: Stack, argument: int, _: str) -> None:
    names = names_in(stack.pop())
    arguments = _with_keywords(stack.take(argument), names)
    stack.push(called(stack.pop(), arguments))


def _call_method(stack: Stack, argument: int, _: str) -> None:
    _call_marked(stack, stack.take(argument))


def _call_unpacked(stack: Stack, argument: int, _: str) -> None:
    more = stack.pop_item() if argument & 1 or stack.version >= _ALWAYS_KEYWORDS else NULL
    arguments = [f"*{stack.pop()}"]
    if more != NULL:
        arguments.append(f"**{more}")
    stack.push(called(stack.pop(), arguments))


def _with_keywords(arguments: list[str], names: tuple[str, ...]) -> list[str]:
    plain = len(arguments) - len(names)
    if plain < 0 or not all(map(is_plain, names)) or len(set(names)) < len(names):
        return arguments
    return arguments[:plain] + [f"{name}={text}" for name, text in zip(names, arguments[plain:], strict=True)]


# Operators and texts


def _binary(stack: Stack, _: int, operator: str) -> None:
    right, left = stack.pop(), stack.pop()
    stack.push(f"({left} {operator} {right})")


def _binary_numbered(stack: Stack, argument: int, _: str) -> None:
    if argument >= 2 * len(BINARY_OPERATORS):
        _subscript(stack)
    else:
        _binary(stack, 0, BINARY_OPERATORS[argument % len(BINARY_OPERATORS)])


def _compare(stack: Stack, *_: object) -> None:
    _binary(stack, 0, "==")


def _unary(stack: Stack, _: int, operator: str) -> None:
    stack.push(f"({operator} {stack.pop()})")


def _subscript(stack: Stack, *_: object) -> None:
    key, target = stack.pop(), stack.pop()
    stack.push(f"{grouped(target)}[{stack.subscript(key)}]")


def _slice_of(stack: Stack, *_: object) -> None:
    stop, start, target = stack.pop(), stack.pop(), stack.pop()
    stack.push(f"{grouped(target)}[{bound(start)}:{bound(stop)}]")


def _slice(stack: Stack, argument: int, _: str) -> None:
    parts = stack.take(argument)
    text = f"slice({', '.join(parts)})"
    stack.remember_slice(text, ":".join(map(bound, parts)))
    stack.push(text)


def _string(stack: Stack, argument: int, _: str) -> None:
    stack.push("(" + " + ".join(stack.take(argument) or ["''"]) + ")")


def _format(stack: Stack, argument: int, _: str) -> None:
    if argument & _FORMAT_SPEC:
        stack.pop()
    stack.push(f"str({stack.pop()})")


def _format_simple(stack: Stack, *_: object) -> None:
    stack.push(f"str({stack.pop()})")


def _format_spec(stack: Stack, *_: object) -> None:
    stack.pop()
    stack.push(f"str({stack.pop()})")


# Containers, functions, loops


def _tuple(stack: Stack, argument: int, _: str) -> None:
    parts = stack.take(argument)
    stack.push(f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})")


def _list(stack: Stack, argument: int, _: str) -> None:
    stack.push(f"[{', '.join(stack.take(argument))}]")


def _set(stack: Stack, argument: int, _: str) -> None:
    stack.push(f"{{{', '.join(stack.take(argument))}}}" if argument else "set()")


def _map(stack: Stack, argument: int, _: str) -> None:
    parts = stack.take(2 * min(argument, 512))
    stack.push("{" + ", ".join(f"{key}: {value}" for key, value in zip(parts[::2], parts[1::2], strict=True)) + "}")


def _constant_map(stack: Stack, argument: int, _: str) -> None:
    keys, values = stack.pop(), stack.take(argument)
    stack.push(f"dict(zip({keys}, [{', '.join(values)}]))")


def _extend(stack: Stack, *_: object) -> None:
    more, base = stack.pop(), stack.pop()
    stack.push(f"[*{more}]" if base in {"[]", "_"} else f"({base} + [*{more}])")


def _append(stack: Stack, *_: object) -> None:
    stack.write_call(stack.pop())


def _make_function(stack: Stack, argument: int, _: str) -> None:
    if stack.version < _WITHOUT_QUALIFIED_NAME:
        stack.pop()
    function = stack.pop()
    for bit in (1, 2, 4, 8):
        if argument & bit and stack.version < _ATTRIBUTES_APART:
            stack.pop()
    stack.push(function)


def _function_attribute(stack: Stack, *_: object) -> None:
    function = stack.pop()
    stack.pop()
    stack.push(function)


def _iterator(stack: Stack, *_: object) -> None:
    stack.push(f"iter({stack.pop()})")


def _element(stack: Stack, *_: object) -> None:
    stack.push(f"next({stack.peek()})")


def _enter(stack: Stack, *_: object) -> None:
    context = stack.pop()
    stack.push_mark()
    stack.push(context)


def _return(stack: Stack, *_: object) -> None:
    value = stack.pop()
    if value not in {"None", "_"}:
        # A return in the middle of the code must not hide what follows.
        stack.write(f"if _ == 0: return {value}" if stack.code.flags & _IN_FUNCTION else value)


def _return_constant(stack: Stack, argument: int, _: str) -> None:
    stack.push_constant(argument)
    _return(stack)


def _yield(stack: Stack, *_: object) -> None:
    stack.write_call(stack.pop())
    stack.push("_")


EXPRESSIONS: Final[dict[str, Callable[[Stack, int, str], None]]] = {
    "BINARY": _binary,
    "BINARY_OP": _binary_numbered,
    "BINARY_SLICE": _slice_of,
    "BUILD_CONST_KEY_MAP": _constant_map,
    "BUILD_LIST": _list,
    "BUILD_MAP": _map,
    "BUILD_SET": _set,
    "BUILD_SLICE": _slice,
    "BUILD_STRING": _string,
    "BUILD_TUPLE": _tuple,
    "CALL": _call,
    "CALL_FUNCTION": _call_function,
    "CALL_FUNCTION_EX": _call_unpacked,
    "CALL_FUNCTION_KW": _call_function_keywords,
    "CALL_KW": _call_keywords,
    "CALL_METHOD": _call_method,
    "COMPARE_OP": _compare,
    "FORMAT_SIMPLE": _format_simple,
    "FORMAT_SPEC": _format_spec,
    "FORMAT_VALUE": _format,
    "FOR_ITER": _element,
    "GET_ITER": _iterator,
    "KW_NAMES": _keyword_names,
    "LIST_APPEND": _append,
    "LIST_EXTEND": _extend,
    "MAKE_FUNCTION": _make_function,
    "RETURN_CONST": _return_constant,
    "RETURN_VALUE": _return,
    "SETUP_WITH": _enter,
    "SET_FUNCTION_ATTRIBUTE": _function_attribute,
    "SUBSCRIPT": _subscript,
    "UNARY": _unary,
    "YIELD_VALUE": _yield,
}
