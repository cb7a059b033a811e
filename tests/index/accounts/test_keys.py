from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from index.accounts.keys import Keys, KeysUnreadable

if TYPE_CHECKING:
    from pathlib import Path


def test_keys_are_made_once_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    first = Keys.load(folder)
    assert Keys.load(folder) == first
    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["keys.json"]
    assert len({first.secret_key, first.password_salt, *first.totp_keys.values()}) == 3


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(Keys.load, [tmp_path] * 16))
    assert len({keys.secret_key for keys in found}) == 1


@pytest.mark.parametrize("content", ["", "{", "{}", '{"secret_key": 1, "password_salt": "x", "totp_keys": {}}'])
def test_a_damaged_file_is_reported_and_left_alone(tmp_path: Path, content: str) -> None:
    place = tmp_path / "keys.json"
    place.write_text(content)
    with pytest.raises(KeysUnreadable, match="backup"):
        Keys.load(tmp_path)
    assert place.read_text() == content


def test_keys_do_not_show_themselves(tmp_path: Path) -> None:
    keys = Keys.load(tmp_path)
    assert keys.secret_key not in f"{keys!r} {keys}"
