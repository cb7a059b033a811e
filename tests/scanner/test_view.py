from __future__ import annotations

import gc
import weakref

import pytest

from scanner.source import SourceUnreadable
from scanner.view import forget_trees
from tests.fixtures.views import member


def test_a_tree_is_parsed_once_for_all_who_ask_in_a_row() -> None:
    view = member("a.py", "x = 1\n")
    assert view.tree is view.tree
    assert member("b.py", "x = 1\n").tree is view.tree


def test_what_cannot_be_parsed_says_so_each_time_with_its_line() -> None:
    view = member("a.py", "x = 1\nprint 2 3\n")
    for _ in range(2):
        with pytest.raises(SourceUnreadable, match="SyntaxError") as raised:
            _ = view.tree
        assert raised.value.line == 2


def test_only_the_trees_used_last_are_kept() -> None:
    first = member("first.py", "first = 1\n")
    kept = weakref.ref(first.tree)
    filler = "# " + "x" * 900_000 + "\n"
    for number in range(4):
        _ = member("filler.py", f"x = {number}\n{filler}").tree
    gc.collect()
    assert kept() is None
    assert first.tree.body


def test_trees_can_be_forgotten() -> None:
    view = member("a.py", "forgotten = 1\n")
    kept = weakref.ref(view.tree)
    forget_trees()
    gc.collect()
    assert kept() is None
