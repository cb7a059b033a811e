"""A syntax tree for source that Python 3 refuses: old Python 2 code, and code that is broken in places.

Such source is reported as unreadable in any case. What can be read of it is read all the same, because a build script
that only Python 2 runs is a build script, and because a mistake in a thief's code does not make it honest. Line numbers
stay as they are.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Final

from scanner.syntax import too_dense

__all__ = ["repaired"]

_LONGEST: Final = 256 * 1024
_ATTEMPTS: Final = 24

#: How a statement at the left margin begins: text in a literal that is broken seldom looks so.
_BEGINNING: Final = re.compile(
    r"(?:def|class|import|from|if|for|while|with|async|return|raise|assert|del|global)[ \t]|try:|@\w|#"
    r"|[A-Za-z_][\w.]{0,80}[ \t]?(?:=|\()"
)
_PRINT: Final = re.compile(r"^([ \t]*(?:[^#'\"\n]{0,200}:[ \t]*)?)print[ \t]+(?!\()([^\n;]*)", re.MULTILINE)
_EXEC: Final = re.compile(r"^([ \t]*(?:[^#'\"\n]{0,200}:[ \t]*)?)exec[ \t]+([^(\n][^\n;]*)", re.MULTILINE)
_EXCEPT: Final = re.compile(r"^([ \t]*except[ \t]+[^,:\n(]{1,200}),[ \t]*(\w+)[ \t]*:", re.MULTILINE)
_RAISE: Final = re.compile(r"^([ \t]*raise[ \t]+[\w.]{1,80}),[ \t]*([^\n]{1,400})$", re.MULTILINE)
_OCTAL: Final = re.compile(r"(?<![\w.])0([0-7]{1,12})(?![\w.])")
_LONG: Final = re.compile(r"(?<![\w.])(\d{1,40})[lL](?!\w)")
_UNICODE: Final = re.compile(r"(?<!\w)[uU][rR](?=['\"])")
_PRINT_TO: Final = re.compile(r"^>>[ \t]*[\w.]{1,60},?")


def repaired(text: str) -> ast.Module | None:
    """The tree of as much of `text` as can be read; None when nothing sensible is left."""
    if len(text) > _LONGEST or too_dense(text):
        return None
    lines = _modern(text.expandtabs(8)).split("\n")
    tried: set[int] = set()
    for _ in range(_ATTEMPTS):
        tree, line = _parsed("\n".join(lines))
        if tree is not None or line is None or not 0 < line <= len(lines):
            return tree
        if line in tried:
            _blank_block(lines, line)
        else:
            tried.add(line)
            _blank_line(lines, line)
    return None


def _modern(text: str) -> str:
    """The most frequent forms of Python 2, written as Python 3."""
    text = _PRINT.sub(lambda m: f"{m[1]}print({_PRINT_TO.sub('', m[2].rstrip().rstrip(','))})", text)
    text = _EXEC.sub(lambda m: f"{m[1]}exec({m[2].partition(' in ')[0].rstrip()})", text)
    text = _EXCEPT.sub(r"\1 as \2:", text)
    text = _RAISE.sub(r"\1(\2)", text)
    text = _LONG.sub(r"\1", _OCTAL.sub(r"0o\1", text))
    return _UNICODE.sub("r", text)


def _parsed(text: str) -> tuple[ast.Module | None, int | None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text), None
    except SyntaxError as error:
        return None, error.lineno
    except (ValueError, RecursionError, MemoryError):
        return None, None


def _blank_line(lines: list[str], number: int) -> None:
    """The line does nothing from here on; what is below it, if it opened a block, still has one."""
    line = lines[number - 1]
    indent = line[: len(line) - len(line.lstrip())]
    lines[number - 1] = f"{indent}if True:" if line.rstrip().endswith(":") else f"{indent}pass"


def _blank_block(lines: list[str], number: int) -> None:
    """The statement at the left margin that the line belongs to is taken out."""
    start = number - 1
    while start > 0 and not _BEGINNING.match(lines[start]):
        start -= 1
    end = number
    while end < len(lines) and not _BEGINNING.match(lines[end]):
        end += 1
    for index in range(start, end):
        lines[index] = ""
