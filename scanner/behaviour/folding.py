"""Constants are computed as Python would, within bounds: operators, methods of texts and numbers, pure functions.

Every function gives `MISSING` where the result is not known, or would be larger than the bounds allow. Only objects of
built-in, immutable or freshly made types are ever touched, and only operations from the tables below are applied.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import html
import json
import lzma
import operator
import re
import urllib.parse
import zlib
from typing import TYPE_CHECKING, Any, Final

from scanner.behaviour.budget import MAX_TEXT
from scanner.behaviour.values import MISSING
from scanner.layers import decompressed

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.behaviour.budget import Budget

__all__ = ["DECODERS", "fold_binary", "fold_call", "fold_method", "fold_subscript", "fold_unary", "guarded", "is_pure"]

_FAILURES: Final = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    EOFError,
    OSError,
    MemoryError,
    RecursionError,
    zlib.error,
    lzma.LZMAError,
)
_MAX_BITS: Final = 1 << 20
_SCALARS: Final = (str, bytes, int, float, bool, type(None))
_INDEXED: Final = frozenset({str, bytes, tuple, list, dict, range})
_WIDE: Final = re.compile(r"\d{5}|\*|\{[^}]{0,200}\{")

_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitXor: operator.xor,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}


def guarded(work: Callable[[], object], budget: Budget) -> Any:
    """What `work` gives, or `MISSING` when it fails or gives too much."""
    try:
        result = work()
        size = _size(result)
    except _FAILURES:
        return MISSING
    budget.fold(min(size, MAX_TEXT))
    return result if size <= MAX_TEXT else MISSING


def fold_binary(kind: type[ast.operator], left: Any, right: Any, budget: Budget) -> Any:
    """`left OP right`."""
    apply = _BINARY.get(kind)
    if apply is None or not _affordable(kind, left, right):
        return MISSING
    return guarded(lambda: apply(left, right), budget)


def fold_unary(kind: type[ast.unaryop], operand: Any, budget: Budget) -> Any:
    """`OP operand`."""
    return guarded(lambda: _UNARY[kind](operand), budget)


def fold_subscript(container: Any, index: Any, budget: Budget) -> Any:
    """`container[index]`."""
    if type(container) not in _INDEXED or not isinstance(index, (*_SCALARS, slice)):
        return MISSING
    return guarded(lambda: container[index], budget)


def fold_method(owner: Any, name: str, arguments: list[Any], keywords: dict[str, Any], budget: Budget) -> Any:
    """`owner.name(...)` for a constant `owner`."""
    allowed = _METHODS.get(type(owner))
    if allowed is None or name not in allowed or not _bounded(owner, name, arguments, keywords):
        return MISSING
    budget.fold(_size(owner) // 8)
    if name == "decode" and arguments and not _is_text_codec(arguments[0]):
        return fold_call("codecs.decode", [owner, *arguments], {}, budget)
    return guarded(lambda: getattr(owner, name)(*arguments, **keywords), budget)


def is_pure(name: str) -> bool:
    """Whether `fold_call` knows the function with the qualified name `name`."""
    return name in _FUNCTIONS or name in DECODERS


def fold_call(name: str, arguments: list[Any], keywords: dict[str, Any], budget: Budget) -> Any:
    """The call of the pure function with the qualified name `name`."""
    apply = _FUNCTIONS.get(name) or DECODERS.get(name)
    if apply is None:
        return MISSING
    budget.fold(sum(_size(argument) for argument in arguments) // 8)
    return guarded(lambda: apply(*arguments, **keywords), budget)


def _affordable(kind: type[ast.operator], left: Any, right: Any) -> bool:
    if isinstance(left, int) and isinstance(right, int):
        if kind is ast.Pow:
            return right >= 0 and left.bit_length() * right <= _MAX_BITS
        if kind is ast.LShift:
            return 0 <= right <= _MAX_BITS
        return left.bit_length() <= _MAX_BITS and right.bit_length() <= _MAX_BITS
    if kind is ast.Mult:
        sequence, times = (right, left) if isinstance(left, int) else (left, right)
        return isinstance(times, int) and (not hasattr(sequence, "__len__") or len(sequence) * times <= MAX_TEXT)
    if kind is ast.Mod and isinstance(left, str | bytes):
        return _flat(right) and not _WIDE.search(left.decode("latin-1") if isinstance(left, bytes) else left)
    if kind is ast.Pow:
        return isinstance(left, float) or isinstance(right, float)
    return True


def _bounded(owner: Any, name: str, arguments: list[Any], keywords: dict[str, Any]) -> bool:
    """Whether the result of a method is small enough to be made at all."""
    if any(not isinstance(value, _SCALARS) for value in keywords.values()) or not all(map(_flat, arguments)):
        return False
    if name in {"ljust", "rjust", "center", "zfill", "expandtabs", "to_bytes"}:
        return all(not isinstance(a, int) or a <= MAX_TEXT // 64 for a in [*arguments, *keywords.values()])
    if name == "format":
        return not _WIDE.search(owner)
    if name == "replace":
        old, new = (len(a) if hasattr(a, "__len__") else 0 for a in [*arguments, 0, 0][:2])
        return (len(owner) // max(old, 1) + 1) * new <= MAX_TEXT
    if name == "join":
        items = arguments[0] if arguments else ()
        return hasattr(items, "__len__") and len(owner) * len(items) + _size(items) <= MAX_TEXT
    if name == "translate" and arguments and isinstance(arguments[0], dict):
        longest = max((len(v) for v in arguments[0].values() if isinstance(v, str)), default=1)
        return len(owner) * longest <= MAX_TEXT
    return True


def _flat(value: Any) -> bool:
    """Whether `value` is a scalar or holds only scalars: nested ones may be exponentially large when written out."""
    if isinstance(value, list | tuple):
        return all(isinstance(item, _SCALARS) for item in value)
    if isinstance(value, dict):
        return all(isinstance(item, _SCALARS) for item in value.values())
    return isinstance(value, (*_SCALARS, range, bytearray))


def _size(result: Any) -> int:
    if isinstance(result, str | bytes | bytearray):
        return len(result)
    if isinstance(result, list | tuple):
        return sum(len(item) + 8 if isinstance(item, str | bytes) else 8 for item in result)
    if isinstance(result, dict | range):
        return len(result) * 8
    if isinstance(result, int):
        return result.bit_length() // 8
    return 8


def _is_text_codec(name: object) -> bool:
    return isinstance(name, str) and name.lower().replace("-", "_") in _TEXT_CODECS


_TEXT_CODECS: Final = frozenset(
    {"utf8", "utf_8", "utf_8_sig", "ascii", "us_ascii", "latin1", "latin_1", "iso_8859_1", "cp1252", "utf_16"}
    | {"utf_16_le", "utf_16le", "utf_16_be", "utf_32", "utf_32_le", "unicode_escape", "raw_unicode_escape", "utf_7"}
    | {"cp437", "utf16", "cp850", "windows_1252", "utf_7"}
)

_STR_METHODS: Final = frozenset(
    {"capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format", "index", "join"}
    | {"ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust"}
    | {"rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "translate"}
    | {"upper", "zfill", "__getitem__", "__add__", "__len__", "isdigit", "isalpha", "isupper", "islower", "isalnum"}
)
_METHODS: Final[dict[type, frozenset[str]]] = {
    str: _STR_METHODS | {"__str__"},
    bytes: (_STR_METHODS - {"encode", "format", "casefold"}) | {"decode", "hex"},
    int: frozenset({"to_bytes", "bit_length", "__add__", "__xor__", "__sub__", "__str__"}),
    list: frozenset({"index", "count", "__getitem__", "copy", "__len__"}),
    tuple: frozenset({"index", "count", "__getitem__", "__len__"}),
    dict: frozenset({"get", "__getitem__", "__len__"}),
}


def _expanded(kind: str) -> Callable[..., object]:
    def inflate(data: bytes, *_args: object, **_kwargs: object) -> object:
        result = decompressed(kind, data)
        return MISSING if result is None else result

    return inflate


def _codecs_decode(data: Any, encoding: str = "utf-8", _errors: str = "strict") -> object:
    name = encoding.lower().replace("-", "_")
    if _is_text_codec(name):
        return _bytes(_no_length(data)).decode(name)
    if name in {"rot13", "rot_13"}:
        return codecs.decode(data, "rot13")
    raw = data.encode("ascii") if isinstance(data, str) else data
    if name in {"hex", "hex_codec"}:
        return binascii.unhexlify(raw)
    if name in {"base64", "base64_codec", "base_64"}:
        return base64.decodebytes(raw)
    if name in {"zlib", "zip", "zlib_codec"}:
        return _expanded("zlib")(raw)
    if name in {"bz2", "bz2_codec"}:
        return _expanded("bz2")(raw)
    return MISSING


def _codecs_encode(data: Any, encoding: str = "utf-8", _errors: str = "strict") -> object:
    name = encoding.lower().replace("-", "_")
    if name in {"rot13", "rot_13"}:
        return codecs.encode(data, "rot13")
    return data.encode(name) if _is_text_codec(name) else MISSING


def _padded(decoder: Callable[..., bytes]) -> Callable[..., bytes]:
    def decode(data: Any, *args: Any, **_kwargs: Any) -> bytes:
        raw = data.encode("ascii") if isinstance(data, str) else _bytes(_no_length(data))
        return decoder(raw, *args)

    return decode


def _listed(items: Any) -> list[Any]:
    if hasattr(items, "__len__") and len(items) <= MAX_TEXT // 8:
        return list(items)
    raise ValueError("too long, or not known")


def _scalars(items: Any) -> list[Any]:
    if not _flat(items):
        raise ValueError("nested")
    return _listed(items)


def _no_length(data: Any) -> Any:
    """`data`, which must not be a number: that would make so many bytes."""
    if isinstance(data, int):
        raise TypeError("a number is no text")
    return data


def _bytes(data: Any = b"", *args: Any) -> bytes:
    if isinstance(data, int) and data > MAX_TEXT:
        raise ValueError("too long")
    return bytes(data, *args) if args else bytes(data)


def _short(length: int) -> int:
    if length > MAX_TEXT:
        raise ValueError("too long")
    return length


def _range(*args: int) -> range:
    result = range(*args)
    if len(result) > MAX_TEXT // 8:
        raise ValueError("too long")
    return result


def _joined_path(*parts: str) -> str:
    joined = ""
    for part in parts:
        joined = part if not joined or part.startswith("/") else f"{joined.rstrip('/')}/{part}"
    return joined


def _int(value: Any, base: int = 10) -> int:
    return int(value, base) if isinstance(value, str | bytes) else int(value)


_a85: Final = _padded(lambda raw, *_: base64.a85decode(raw))

#: Functions that turn an encoded text into what it holds.
DECODERS: Final[dict[str, Callable[..., Any]]] = {
    "base64.b64decode": _padded(lambda raw, *_: base64.b64decode(raw)),
    "base64.standard_b64decode": _padded(base64.standard_b64decode),
    "base64.urlsafe_b64decode": _padded(base64.urlsafe_b64decode),
    "base64.b32decode": _padded(lambda raw, *_: base64.b32decode(raw)),
    "base64.b16decode": _padded(lambda raw, *_: base64.b16decode(raw, casefold=True)),
    "base64.b85decode": _padded(base64.b85decode),
    "base64.a85decode": _a85,
    "base64.decodebytes": _padded(base64.decodebytes),
    "base64.decodestring": _padded(base64.decodebytes),
    "binascii.unhexlify": _padded(binascii.unhexlify),
    "binascii.a2b_hex": _padded(binascii.unhexlify),
    "binascii.a2b_base64": _padded(binascii.a2b_base64),
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "codecs.decode": _codecs_decode,
    "zlib.decompress": _expanded("zlib"),
    "gzip.decompress": _expanded("gzip"),
    "bz2.decompress": _expanded("bz2"),
    "lzma.decompress": _expanded("lzma"),
}

_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.str": lambda *args: str(*args) if args and isinstance(args[0], _SCALARS) else MISSING,
    "builtins.repr": lambda value: repr(value) if isinstance(value, _SCALARS) else MISSING,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.int": _int,
    "builtins.float": float,
    "builtins.bool": bool,
    "builtins.hex": hex,
    "builtins.oct": oct,
    "builtins.bin": bin,
    "builtins.abs": abs,
    "builtins.len": len,
    "builtins.sum": lambda items, *start: sum(_scalars(items), *start),
    "builtins.min": lambda *items: min(_scalars(items[0] if len(items) == 1 else items)),
    "builtins.max": lambda *items: max(_scalars(items[0] if len(items) == 1 else items)),
    "builtins.list": lambda items=(): _listed(items),
    "builtins.tuple": lambda items=(): tuple(_listed(items)),
    "builtins.reversed": lambda items: _listed(items)[::-1],
    "builtins.sorted": lambda items: sorted(_scalars(items)),
    "builtins.range": _range,
    "builtins.zip": lambda *items: list(zip(*map(_listed, items), strict=False)),
    "builtins.enumerate": lambda items, start=0: list(enumerate(_listed(items), start)),
    "builtins.bytes.join": b"".join,
    "builtins.str.join": lambda glue, items: glue.join(items),
    "builtins.str.maketrans": str.maketrans,
    "builtins.bytes.maketrans": bytes.maketrans,
    "builtins.int.from_bytes": lambda data, order="big": int.from_bytes(data, order),
    "builtins.int.to_bytes": lambda n, length, order="big": n.to_bytes(_short(length), order),
    "codecs.encode": _codecs_encode,
    "base64.b64encode": _padded(base64.b64encode),
    "urllib.parse.unquote": urllib.parse.unquote,
    "urllib.parse.unquote_plus": urllib.parse.unquote_plus,
    "html.unescape": html.unescape,
    "json.loads": lambda text: json.loads(text) if len(text) < MAX_TEXT // 16 else MISSING,
    "os.path.join": _joined_path,
    "posixpath.join": _joined_path,
    "ntpath.join": _joined_path,
    "operator.add": operator.add,
    "operator.xor": operator.xor,
    "operator.concat": operator.concat,
    "operator.sub": operator.sub,
}
