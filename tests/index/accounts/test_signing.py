from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from index.accounts.keys import KeysUnreadable
from index.accounts.signing import SigningKey

if TYPE_CHECKING:
    from pathlib import Path


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(SigningKey.load, [tmp_path / "var"] * 8))
    assert len({key.public_bytes for key in found}) == 1
    (place,) = (tmp_path / "var").iterdir()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["text", "another key"])
def test_a_damaged_file_is_reported_and_left_alone(tmp_path: Path, kind: str) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    content = pem if kind == "another key" else b"nothing"
    (tmp_path / "signing-key.pem").write_bytes(content)
    with pytest.raises(KeysUnreadable, match="backup"):
        SigningKey.load(tmp_path)
    assert (tmp_path / "signing-key.pem").read_bytes() == content


def test_the_key_does_not_show_itself(tmp_path: Path) -> None:
    key = SigningKey.load(tmp_path)
    assert repr(key) == f"SigningKey({key.id})"
