"""Pickles, and models that are pickles inside: what loading them would call. They are walked, never loaded."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

from scanner.analyzers.opening import reads_as_python
from scanner.analyzers.readers.pickle_walk import Call, Name, PickleFacts, pickles_in
from scanner.behaviour.vocabulary import Effect, canonical, effect_of
from scanner.layers import decompressed, unfold
from scanner.model import RUNNING_ROLES, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.analyzers.opening import Opening
    from scanner.model import Finding
    from scanner.view import MemberView

__all__ = ["pickles"]

_NUMPY: Final = b"\x93NUMPY"
_PROTOCOLS: Final = frozenset({2, 3, 4, 5})
#: Instructions that text pickles (protocols 0 and 1) begin with.
_FIRST: Final = frozenset(b"()]}[cilIJKLMNSUVXF.")
_NAMED: Final = re.compile(rb"[ci][A-Za-z_][\w.]{0,200}\n[A-Za-z_][\w.]{0,200}\n")
_DEFLATED: Final = (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")
_TEXT_PICKLE: Final = 1024 * 1024
_PROBE: Final = 4096
_SHORTEST_TEXT: Final = 24
_LAYERS: Final = 40
_UNFOLDED: Final = 100

#: Whoever calls anything of these wants an effect, and data has none.
_ACTING_MODULES: Final = frozenset(
    {"asyncio.subprocess", "bdb", "cProfile", "code", "codeop", "commands", "ctypes", "ensurepip", "ftplib", "idlelib"}
    | {"imp", "importlib", "marshal", "os", "pdb", "pip", "pkgutil", "profile", "pty", "pydoc", "runpy", "shutil"}
    | {"smtplib", "socket", "socketserver", "subprocess", "sys", "telnetlib", "timeit", "trace", "venv", "webbrowser"}
    | {"winreg", "zipimport", "_winapi", "_posixsubprocess", "distutils.spawn"}
)
_HARMLESS: Final = frozenset(
    {"os.PathLike", "os.stat_result", "os.terminal_size", "socket.AddressFamily", "socket.SocketKind", "sys.intern"}
)
_ACTING_NAMES: Final = frozenset(
    {"builtins." + name for name in ("compile", "apply", "execfile", "globals", "locals", "vars", "setattr", "delattr")}
    | {"builtins.breakpoint", "builtins.open", "io.open", "codecs.open", "types.FunctionType", "types.CodeType"}
    | {"operator.attrgetter", "operator.methodcaller", "_operator.attrgetter", "_operator.methodcaller"}
    | {"numpy.testing._private.utils.runstring", "numpy.f2py.crackfortran.getlincoef", "torch.hub.load"}
    | {"torch._dynamo.guards.GuardBuilder.get", "torch.utils._config_module.load_config", "logging.config.listen"}
    | {"nt.system", "posix.system", "_io.FileIO", "io.FileIO", "_io.open", "tempfile.NamedTemporaryFile"}
)
_PICKING: Final = frozenset({"builtins.getattr", "operator.getitem", "_operator.getitem", "operator.itemgetter"})
_TELLING: Final = frozenset(
    {"system", "popen", "exec", "eval", "__import__", "__globals__", "__builtins__", "__subclasses__", "Popen", "call"}
    | {"check_output", "check_call", "run", "modules", "__class__", "__base__", "__bases__", "__mro__", "__dict__"}
    | {"compile", "open", "spawn", "import_module", "getoutput", "loads", "__getattribute__", "__code__"}
)
#: Picklers of functions: they put code itself into the pickle.
_CODE_CARRIERS: Final = re.compile(
    r"(?:dill|cloudpickle|joblib\.externals\.cloudpickle|srsly\.cloudpickle|pyspark\.cloudpickle)(?:\.\w+)*\."
    r"(?:_create_code|_create_function|_make_function|_fill_function|_make_skel_func|_make_skeleton_class|_create_type"
    r"|_make_cell|_builtin_type|_load_type|_function_setstate|_import_module)|types\.CodeType"
)
#: Where plain data comes from: the standard library's value types, and the libraries whose objects people store.
_DATA_MODULES: Final = frozenset(
    {"PIL", "__builtin__", "__main__", "_codecs", "_collections", "_io", "argparse", "array", "ast", "astropy"}
    | {"attr", "attrs", "builtins", "cPickle", "calendar", "catboost", "category_encoders", "codecs", "collections"}
    | {"copy_reg", "copyreg", "dask", "dataclasses", "datetime", "dateutil", "decimal", "docutils", "enum"}
    | {"exceptions", "fairseq", "fastai", "fractions", "functools", "gensim", "h5py", "imblearn", "inspect", "io"}
    | {"ipaddress", "itertools", "jax", "joblib", "keras", "lightgbm", "logging", "matplotlib", "networkx", "nltk"}
    | {"numpy", "omegaconf", "operator", "optuna", "pandas", "pathlib", "pathlib2", "polars", "pyarrow", "pydantic"}
    | {"pytorch_lightning", "pytz", "random", "re", "scipy", "sentence_transformers", "shapely", "six", "skimage"}
    | {"sklearn", "spacy", "statsmodels", "string", "sympy", "tensorflow", "thinc", "time", "tokenizers", "torch"}
    | {"torchvision", "transformers", "types", "typing", "ultralytics", "uuid", "weakref", "xarray", "xgboost"}
    | {"xml", "zoneinfo"}
)
_ROOTS: Final = frozenset(
    {"os", "sys", "subprocess", "builtins", "importlib", "socket", "shutil", "posix", "nt", "pty"}
)


def pickles(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """What loading the pickle would call, and the texts in it that are programs themselves."""
    if view.is_python:
        return
    data = _inside(view.data)
    if data is None:
        yield from _unpacked(view, opening)
        return
    for facts in pickles_in(data):
        if (not facts.names and not facts.exhausted) or any(map(_is_no_name, facts.names)):
            continue  # it looks nothing up, or it is a text that begins like a pickle
        yield from _judged(facts, view, opening)
        yield from _texts(facts, view, opening)


def _inside(data: bytes) -> bytes | None:
    """The pickle that `data` is or holds behind the header of a NumPy array."""
    if data[:1] == b"\x80":
        return data if len(data) > 2 and data[1] in _PROTOCOLS else None  # noqa: PLR2004 # protocol and its number
    if data.startswith(_NUMPY):
        start = 10 if data[6:7] == b"\1" else 12
        size = int.from_bytes(data[8:start], "little")
        header = data[start : start + size]
        return data[start + size :] if b"O" in header and size <= _PROBE else None
    text = data[:1] and data[0] in _FIRST and len(data) <= _TEXT_PICKLE and _NAMED.search(data)
    return data if text else None


def _unpacked(view: MemberView, opening: Opening) -> Iterator[MemberView]:
    """The pickle that was compressed as a whole, as joblib does."""
    if not view.data.startswith(_DEFLATED):
        return
    try:
        start = zlib.decompressobj().decompress(view.data[:_PROBE], 2)
    except zlib.error:
        return
    whole = decompressed("zlib", view.data) if start[:1] == b"\x80" else None
    if whole is not None and opening.affords(opening.role(view), len(whole)):
        yield opening.layer(view, "zlib", whole, is_python=False)


def _judged(facts: PickleFacts, view: MemberView, opening: Opening) -> Iterator[Finding]:
    called = {call.function for call in facts.calls if isinstance(call.function, Name)}
    acting = {name for name in facts.names if _acts(name)}
    acting |= {call.function for call in facts.calls if isinstance(call.function, Name) and _picks(call)}
    if facts.broken and view.data[:1] != b"\x80":
        acting &= called  # a list of words may begin like a pickle in text form, and calls nothing
    role = opening.hidden_role(view)
    if acting:
        shown = ", ".join(sorted(f"{name}{'()' if name in called else ''}" for name in acting))
        finding = opening.ruleset.finding(
            "pickle-runs-code",
            role=role,
            member=view.name,
            snippet=shown,
            layers=view.layers,
            severity=Severity.CRITICAL if acting & called else Severity.HIGH,
        )
        yield finding
    if any(not name.module for name in facts.names):
        yield opening.found("pickle-hides-callable", view, "a name that is put together while loading", role=role)
    if carriers := sorted(str(name) for name in facts.names if _CODE_CARRIERS.fullmatch(str(name))):
        yield opening.found("pickle-carries-code", view, ", ".join(carriers))
    foreign = sorted(str(name) for name in called if _is_foreign(name, opening) and name not in acting)
    if foreign:
        yield opening.found("pickle-of-foreign-classes", view, ", ".join(foreign))
    if facts.exhausted or (facts.broken and view.data[:1] == b"\x80" and not _known_to_break(facts)):
        what = facts.broken or "too many instructions"
        yield opening.found("pickle-unread", view, f"after {facts.size} bytes: {what}")


def _is_no_name(name: Name) -> bool:
    return bool(name.module) and not all(map(str.isidentifier, f"{name.module}.{name.name}".split(".")))


def _known_to_break(facts: PickleFacts) -> bool:
    """Whether raw arrays stand between the instructions, as joblib writes them."""
    return any(name.module.startswith("joblib.numpy_pickle") for name in facts.names)


def _acts(name: Name) -> bool:
    parts = f"{name.module}.{name.name}".split(".")
    # `numpy.os.system` is `os.system`, and so is `os.system` in a name with dots of protocol 4.
    for start in [0, *(index for index, part in enumerate(parts[:-1]) if index and part in _ROOTS)]:
        ref = canonical(".".join(parts[start:]))
        if ref in _HARMLESS:
            return False
        if ref in _ACTING_NAMES or effect_of(ref) not in {None, Effect.RESOLVE}:
            return True
        pieces = ref.split(".")
        if any(".".join(pieces[:end]) in _ACTING_MODULES for end in range(1, len(pieces))):
            return True
    return False


def _picks(call: Call) -> bool:
    """Whether an attribute is picked that leads to the interpreter's insides."""
    name = call.function
    if not isinstance(name, Name) or canonical(f"{name.module}.{name.name}") not in _PICKING:
        return False
    return any(
        argument in _TELLING if isinstance(argument, str) else isinstance(argument, Name) and _acts(argument)
        for argument in call.arguments
    )


def _is_foreign(name: Name, opening: Opening) -> bool:
    top = name.module.partition(".")[0]
    return bool(top) and top not in _DATA_MODULES and top not in opening.around.modules


def _texts(facts: PickleFacts, view: MemberView, opening: Opening) -> Iterator[MemberView]:
    """The texts that are Python, pickles or archives, or decode to something."""
    seen: set[bytes] = set()
    given = unfolded = 0
    for text in facts.texts:
        if len(text) < _SHORTEST_TEXT or text in seen:
            continue
        seen.add(text)
        opens = text.startswith((b"\x80", b"PK\3\4", _NUMPY))
        if opens or reads_as_python(text):
            given += 1
            if given <= _LAYERS and opening.affords(opening.role(view), len(text)):
                yield opening.layer(view, "pickle", text, is_python=not opens)
        elif unfolded < _UNFOLDED and opening.role(view) in RUNNING_ROLES:
            unfolded += 1
            for layer in unfold(text, 3):
                given += 1
                if given <= _LAYERS and opening.affords(opening.role(view), len(layer.data)):
                    yield opening.layer(view, " → ".join(("pickle", *layer.steps)), layer.data)
