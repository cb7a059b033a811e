"""Python source becomes a syntax tree, also where its syntax is newer than the interpreter that runs the scanner.

An index that runs on Python 3.11 receives packages for 3.15. What they add to the grammar is rewritten into what every
supported interpreter can parse, and the tree is mended afterwards where a node exists for it. Only text that this
interpreter refuses is rewritten at all, and text that stays refused stays unreadable.
"""

from scanner.syntax.density import TooDense, too_dense
from scanner.syntax.parsing import is_rewritten, parse

__all__ = ["TooDense", "is_rewritten", "parse", "too_dense"]
