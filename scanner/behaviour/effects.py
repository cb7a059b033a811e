"""Calls with effects outside: paths and files, downloads, processes, requests."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from scanner.behaviour import texts
from scanner.behaviour.calls import mark_path
from scanner.behaviour.patterns import (
    CREDENTIAL_COMMAND,
    CREDENTIAL_PLACE,
    HOST_COMMAND,
    IP_SERVICE,
    KEY_SERVICE,
    OPEN_COMMAND,
)
from scanner.behaviour.registry import Call, register
from scanner.behaviour.scopes import FileHandle
from scanner.behaviour.sources import HOST_COMMANDS
from scanner.behaviour.values import (
    CREDENTIAL,
    DECODED,
    ENCODED,
    FETCHED_FILE,
    FILE,
    HOST,
    HOST_ADDRESS,
    MACHINE,
    MISSING,
    NETWORK,
    PLACEHOLDER,
    REMOTE_OUTPUT,
    SCREEN,
    UNKNOWN,
    WRITTEN_FILE,
    Value,
    join,
    tainted,
)
from scanner.behaviour.vocabulary import Effect

if TYPE_CHECKING:
    from scanner.behaviour.interpreter import Interpreter

__all__: list[str] = []

_PATHS: Final = FETCHED_FILE | WRITTEN_FILE
_SHOWN: Final = 60
_WRITING: Final = re.compile(r"[wax+]")


def _line(it: Interpreter, call: Call) -> int:
    return it.line or call.node.lineno


@register(
    "os.path.join", "posixpath.join", "ntpath.join", "pathlib.Path", "pathlib.PurePath", "pathlib.Path().joinpath"
)
def _path(it: Interpreter, call: Call) -> Value | None:
    parts = call.arguments if call.method != "joinpath" else [call.owner, *call.arguments]
    value = texts.joined_path(parts)
    if (text := value.text) is not None:
        value = Value(value.const, None, value.taint | it.marked.get(text, 0), value.trail, exact=value.exact)
    if call.function.ref and call.function.ref.startswith("pathlib."):
        return Value(value.const, "pathlib.Path()", value.taint, value.trail, exact=value.exact)
    return value


@register("pathlib.Path().with_name", "pathlib.Path().with_suffix", "pathlib.Path().with_stem")
@register("pathlib.Path().resolve", "pathlib.Path().absolute", "pathlib.Path().expanduser")
def _same_kind_of_path(_it: Interpreter, call: Call) -> Value | None:
    if call.method != "with_name":
        return call.owner
    name = texts.joined_path([Value(PLACEHOLDER, exact=False), call.argument(0, "name")])
    return Value(name.const, "pathlib.Path()", call.owner.taint | name.taint, call.owner.trail, exact=False)


@register("importlib.resources.files")
def _package_folder(_it: Interpreter, _call: Call) -> Value | None:
    return Value(PLACEHOLDER, "pathlib.Path()", exact=False)


@register("pathlib.Path().rglob", "pathlib.Path().glob", "pathlib.Path().iterdir")
def _found_below(it: Interpreter, call: Call) -> Value | None:
    it.emit(Effect.WALK, call.function.ref or "", call.node, (call.owner,))
    found = Value(MISSING, "pathlib.Path()", call.owner.taint, call.owner.trail)
    text = call.owner.text
    if text is not None and CREDENTIAL_PLACE.search(text):
        return tainted(found, CREDENTIAL, f"secrets in {text[-_SHOWN:]}", _line(it, call))
    return found


@register("socket.socket")
def _socket(_it: Interpreter, call: Call) -> Value | None:
    """A socket of this machine's own is no way out of it."""
    return UNKNOWN if call.argument(0, "family").ref == "socket.AF_UNIX" else None


@register("pathlib.Path.home")
def _home(_it: Interpreter, _call: Call) -> Value | None:
    return Value("~", "pathlib.Path()", exact=False)


@register("builtins.open", "io.open", "codecs.open", "pathlib.Path().open", "gzip.open", "aiofiles.open", "os.fdopen")
@register("tempfile.NamedTemporaryFile", "zipfile.ZipFile", "tarfile.open", "os.open")
def _open(it: Interpreter, call: Call) -> Value | None:
    of_path = call.method == "open" and call.owner.ref == "pathlib.Path()"
    path = call.owner if of_path else call.argument(0, "file")
    node = call.node.func.value if of_path and isinstance(call.node.func, ast.Attribute) else call.argument_node(0)  # type: ignore[attr-defined] # a method's call
    mode = call.argument(0 if of_path else 1, "mode")
    text = path.text
    taint = path.taint
    if text is not None and CREDENTIAL_PLACE.search(text):
        path = tainted(path, CREDENTIAL, f"secrets in {text[:60]}", _line(it, call))
        taint = path.taint
        it.emit(Effect.OPEN, call.function.ref or "", call.node, (path,))
    handle = FileHandle(path, node, mode.text or "r")
    taint = (taint | it.marked.get(text or "", 0)) & (_PATHS | CREDENTIAL | NETWORK | HOST | SCREEN)
    return Value(MISSING, "<file>", taint | (0 if _WRITING.search(handle.mode) else FILE), path.trail, target=handle)


@register("<file>", "pathlib.Path().write_bytes", "pathlib.Path().write_text", "pathlib.Path().read_text")
@register("pathlib.Path().read_bytes", "<file>.read", "<file>.write", "<file>.readlines", "<file>.writelines")
@register(
    "<file>.readline", "<file>.__enter__", "<file>.__aenter__", "<file>.extractall", "<file>.extract", "<file>.readall"
)
def _file(it: Interpreter, call: Call) -> Value | None:
    handle = call.owner.target
    if not isinstance(handle, FileHandle):
        func = call.node.func if isinstance(call.node, ast.Call) else None
        handle = FileHandle(call.owner, func.value if isinstance(func, ast.Attribute) else None, "w")
    if call.method in {"write", "writelines", "write_bytes", "write_text"}:
        _written(it, call, handle, call.argument(0))
        return UNKNOWN
    if call.method in {"extractall", "extract"}:
        if handle.path.taint & FETCHED_FILE:
            mark_path(it, call, call.argument_node(0), call.argument(0, "path"), FETCHED_FILE)
        return UNKNOWN
    if call.method in {"__enter__", "__aenter__"}:
        return call.owner
    if call.method.startswith("read"):
        inner = call.argument(0).text  # of an archive, the name of its member
        return _content(it, call, handle.path, inner if call.owner.ref == "<file>" else None)
    return None


def _content(it: Interpreter, call: Call, path: Value, inner: str | None = None) -> Value:
    """What a file holds, or the member `inner` of it."""
    name = "/".join(part for part in (path.text, inner) if part)
    what = f"content of {name[-60:]}" if name else "content of a file"
    extra = CREDENTIAL if path.text is not None and CREDENTIAL_PLACE.search(path.text) else 0
    held = path.taint | it.marked.get(path.text or "", 0)
    base = Value(taint=held & (CREDENTIAL | FETCHED_FILE | SCREEN), trail=path.trail)
    return tainted(base, FILE | extra, what, _line(it, call))


@register("os.read", "json.load", "tomllib.load", "toml.load", "yaml.safe_load", "yaml.load", "csv.reader", "mmap.mmap")
def _read_from(it: Interpreter, call: Call) -> Value | None:
    handle = call.argument(0).target
    return _content(it, call, handle.path) if isinstance(handle, FileHandle) else None


@register("pkgutil.get_data", "importlib.resources.read_text", "importlib.resources.read_binary", "linecache.getlines")
def _package_data(it: Interpreter, call: Call) -> Value | None:
    return _content(it, call, call.argument(0) if call.method == "getlines" else call.argument(1, "resource"))


def _written(it: Interpreter, call: Call, handle: FileHandle, content: Value) -> None:
    it.emit(Effect.WRITE, "write", call.node, (handle.path, content))
    if content.taint & NETWORK:
        mark_path(it, call, handle.node, handle.path, FETCHED_FILE)
    elif content.known or content.text is not None or content.taint & (DECODED | ENCODED):
        mark_path(it, call, handle.node, handle.path, WRITTEN_FILE)
        text = content.text
        if text is not None and len(text) > 40 and len(it.report.written) < 64:  # noqa: PLR2004 # a stage is longer
            it.report.written.append(text)


@register("shutil.copyfileobj", "json.dump", "pickle.dump")
def _dumped(it: Interpreter, call: Call) -> Value | None:
    handle = call.argument(1).target
    if isinstance(handle, FileHandle):
        _written(it, call, handle, call.argument(0))
    return UNKNOWN


@register(
    "shutil.copy",
    "shutil.copyfile",
    "shutil.copy2",
    "shutil.move",
    "os.rename",
    "os.replace",
    "os.link",
    "shutil.copytree",
)
def _copied(it: Interpreter, call: Call) -> Value | None:
    source, place = call.argument(0, "src"), call.argument(1, "dst")
    it.emit(Effect.COPY, call.function.ref or "", call.node, (place, source))
    held = source.taint & _PATHS
    if source.text is not None and CREDENTIAL_PLACE.search(source.text):
        held |= CREDENTIAL
    if held:
        mark_path(it, call, call.argument_node(1), place, held)
    if place.text is None and source.text is None:
        return UNKNOWN
    return place


@register("urllib.request.urlretrieve", "urllib.urlretrieve", "wget.download", "gdown.download")
@register("git.Repo.clone_from", "pygit2.clone_repository", "dulwich.porcelain.clone")
def _download(it: Interpreter, call: Call) -> Value | None:
    it.emit(Effect.DOWNLOAD, call.function.ref or "", call.node, call.all)
    place = call.argument(1, "to_path" if "clone" in call.method else "filename")
    if place is UNKNOWN:
        place = call.keywords.get("out", UNKNOWN)
    mark_path(it, call, call.argument_node(1), place, FETCHED_FILE)
    return tainted(Value(place.const, None, NETWORK, exact=place.exact), FETCHED_FILE, "fetched file", _line(it, call))


@register("subprocess.check_output", "subprocess.getoutput", "subprocess.run", "os.popen", "subprocess.Popen")
def _process(it: Interpreter, call: Call) -> Value | None:
    it.emit(Effect.PROCESS, call.function.ref or "", call.node, call.command)
    command = it.report.events[-1].text if it.report.events and not it.muted else ""
    found = HOST_COMMAND.match(command)
    value = Value(MISSING, f"{call.function.ref}()")
    if found is not None:
        taint = HOST_COMMANDS.get(found[1].lower(), MACHINE)
        return tainted(value, taint, f"output of {found[1]}", _line(it, call))
    if CREDENTIAL_PLACE.search(command) or CREDENTIAL_COMMAND.search(command):
        return tainted(value, CREDENTIAL, "output of a command that reads secrets", _line(it, call))
    if join(call.command).taint & NETWORK and OPEN_COMMAND.match(command):
        return tainted(value, REMOTE_OUTPUT, "output of a command from the network", _line(it, call))
    return value


@register("requests.get", "urllib.request.urlopen", "httpx.get", "urllib2.urlopen")
def _fetched(it: Interpreter, call: Call) -> Value | None:
    it.emit(Effect.NETWORK, call.function.ref or "", call.node, call.all)
    url = call.argument(0, "url").text
    taint = NETWORK | (HOST_ADDRESS if url is not None and IP_SERVICE.search(url) else 0)
    if url is not None and KEY_SERVICE.search(url):
        taint |= CREDENTIAL
    value = Value(MISSING, f"{call.function.ref}()")
    return tainted(value, taint, f"answer to {call.function.ref}", _line(it, call))


@register("urllib.request.Request", "urllib2.Request")
def _request(_it: Interpreter, call: Call) -> Value | None:
    merged = join(call.all)
    url = call.argument(0, "url")
    return Value(url.const, None, merged.taint, merged.trail, exact=False)


@register("torch.load", "joblib.load", "numpy.load")
def _model(it: Interpreter, call: Call) -> Value | None:
    """A model that is allowed to hold code, which it runs while it is loaded; or one that is not."""
    if call.keywords.get("weights_only", UNKNOWN).const is True:
        return join(call.all)
    refused = call.keywords.get("weights_only", UNKNOWN).const is False
    if refused or call.keywords.get("allow_pickle", UNKNOWN).const is True:
        it.emit("unsafe-model", call.function.ref or "", call.node, (call.argument(0, "f"),))
    return None
