"""Calls that put into files what somebody sees or holds, that feed processes, ask, and remove."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from scanner.behaviour import effects
from scanner.behaviour.calls import mark_path
from scanner.behaviour.patterns import CREDENTIAL_PLACE
from scanner.behaviour.registry import SPECIALS, Call, register
from scanner.behaviour.values import CREDENTIAL, FILE, MISSING, SCREEN, UNKNOWN, Value, join, tainted
from scanner.behaviour.vocabulary import Effect

if TYPE_CHECKING:
    from scanner.behaviour.interpreter import Interpreter

__all__: list[str] = []

_EXECUTABLE: Final = 4
#: Importing the module registers what it says about memory over a file.
_OVER_A_FILE: Final = SPECIALS.get("mmap.mmap") if effects.__name__ else None


def _line(it: Interpreter, call: Call) -> int:
    return it.line or call.node.lineno


@register("sqlite3.connect", "sqlite3.dbapi2.connect", "shelve.open", "dbm.open", "apsw.Connection")
def _data_base(it: Interpreter, call: Call) -> Value | None:
    """A data base in a file: that of a browser holds passwords."""
    path = call.argument(0, "database")
    text = path.text or ""
    held = (path.taint | it.marked.get(text, 0)) & CREDENTIAL
    if not held and not CREDENTIAL_PLACE.search(text):
        return None
    it.emit(Effect.OPEN, call.function.ref or "", call.node, (path,))
    opened = Value(MISSING, f"{call.function.ref}()", trail=path.trail)
    return tainted(opened, CREDENTIAL, f"secrets in {text[:60]}", _line(it, call))


@register("pyautogui.screenshot", "pyscreenshot.grab", "PIL.ImageGrab.grab", "mss.mss().shot")
def _pictured(it: Interpreter, call: Call) -> Value | None:
    """A picture of the screen, and the file that it goes into."""
    place = call.argument(0, "output") if call.method != "grab" else UNKNOWN
    if place.text is not None:
        mark_path(it, call, call.argument_node(0), place, SCREEN)
    picture = Value(MISSING, f"{call.function.ref}()")
    return tainted(picture, SCREEN, "screen shot", _line(it, call))


@register("PIL.ImageGrab.grab().save", "pyautogui.screenshot().save", "pyscreenshot.grab().save")
def _saved(it: Interpreter, call: Call) -> Value | None:
    mark_path(it, call, call.argument_node(0), call.argument(0, "fp"), SCREEN)
    return UNKNOWN


@register("cv2.imwrite", "scipy.io.wavfile.write", "soundfile.write", "wavio.write", "mss.tools.to_png")
def _recorded(it: Interpreter, call: Call) -> Value | None:
    """A camera's picture or a microphone's sound that is put into a file."""
    place = call.keywords.get("output", call.argument(0))
    if join(call.all).taint & SCREEN and place.text is not None:
        mark_path(it, call, call.argument_node(0), place, SCREEN)
    return UNKNOWN


@register("shutil.make_archive")
def _packed(it: Interpreter, call: Call) -> Value | None:
    """A folder that is packed is gone through."""
    it.emit(Effect.WALK, "shutil.make_archive", call.node, (call.argument(2, "root_dir"),))
    held = CREDENTIAL if call.argument(2, "root_dir").taint & CREDENTIAL else 0
    name, kind = call.argument(0, "base_name").text, call.argument(1, "format").text
    const = f"{name}.{kind}" if name is not None and kind is not None else MISSING
    if held and isinstance(const, str):
        it.marked[const] = it.marked.get(const, 0) | held
    return Value(const, None, FILE | held, exact=False)


@register("os.remove", "os.unlink", "shutil.rmtree", "os.removedirs", "pathlib.Path().unlink", "pathlib.Path().rmdir")
def _removed(it: Interpreter, call: Call) -> Value | None:
    it.emit(
        "removal",
        call.function.ref or "",
        call.node,
        (call.owner if call.method in {"unlink", "rmdir"} else call.argument(0),),
    )
    return None


@register("subprocess.Popen().stdin.write", "subprocess.Popen().communicate")
def _fed(it: Interpreter, call: Call) -> Value | None:
    """Something is put into a process that runs: an interpreter takes it for code."""
    it.emit("fed-process", call.function.ref or "", call.node, (call.argument(0, "input"),))
    return None


@register("builtins.input", "builtins.raw_input", "click.confirm", "click.prompt")
def _asked(it: Interpreter, call: Call) -> Value | None:
    it.emit("question", call.function.ref or "", call.node, ())
    return None


@register("PIL.Image.open", "wave.open", "cv2.imread", "imageio.imread", "imageio.v2.imread", "soundfile.read")
def _picture(it: Interpreter, call: Call) -> Value | None:
    """What a picture or a sound holds, beside what one sees or hears."""
    text = call.argument(0, "fp").text
    held = Value(taint=call.argument(0, "fp").taint & (CREDENTIAL | SCREEN))
    return tainted(held, FILE, f"content of {text[-60:]}" if text else "content of a file", _line(it, call))


@register("os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob")
def _listed(it: Interpreter, call: Call) -> Value | None:
    """What lies in a folder; that of a folder of secrets is secret."""
    ref = call.function.ref or ""
    it.emit(Effect.WALK, ref, call.node, call.command)
    place = call.argument(0, "path")
    found = Value(MISSING, f"{ref}()")
    if place.text is None or not CREDENTIAL_PLACE.search(place.text.rstrip("*/\\")):
        return found
    return tainted(found, CREDENTIAL, f"secrets in {place.text[-60:]}", _line(it, call))


@register("mmap.mmap")
def _memory(it: Interpreter, call: Call) -> Value | None:
    """Memory that may be executed."""
    node = call.node
    asked = [keyword.value for keyword in node.keywords if keyword.arg == "prot"] if isinstance(node, ast.Call) else []
    for prot in asked:
        named = any(isinstance(n, ast.Attribute | ast.Name) and _name(n) == "PROT_EXEC" for n in ast.walk(prot))
        number = isinstance(prot, ast.Constant) and isinstance(prot.value, int) and prot.value & _EXECUTABLE
        if named or number:
            it.emit(Effect.NATIVE, "mmap.mmap.PROT_EXEC", node, ())
    return _OVER_A_FILE(it, call) if _OVER_A_FILE is not None else None


def _name(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id
