"""The secrets of one instance: made once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Keys", "KeysUnreadable", "write_once"]

_FILENAME = "keys.json"


class KeysUnreadable(Exception):
    """The file of keys is not what was written; it is never replaced, for with it every password would be lost."""


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What signs sessions, peppers passwords and encrypts the secrets of second factors."""

    secret_key: str
    """Signs session cookies: with a new one, everybody is signed out."""
    password_salt: str
    """Key of the HMAC that is taken of a password before it is hashed: with a new one, no password works."""
    totp_keys: dict[str, str]
    """Encrypt TOTP secrets at rest, by serial number; the highest is used for new ones."""

    def __repr__(self) -> str:
        return "Keys(…)"  # nothing secret: a repr ends in logs

    @classmethod
    def load(cls, data_folder: Path) -> Self:
        """The keys in `data_folder`, made when there are none. Processes that start together get the same.

        Raises:
            KeysUnreadable: the file exists and does not hold keys.
        """
        place = data_folder / _FILENAME
        if not place.exists():
            write_once(place, msgspec.json.encode(cls(_random(), _random(), {"1": _random()})))
        try:
            return msgspec.json.decode(place.read_bytes(), type=cls)
        except msgspec.DecodeError as error:
            raise KeysUnreadable(
                f"{place} does not hold keys ({error}): put the file back from a backup. Delete it only if nobody "
                f"has an account yet; without it no password and no second factor works any more."
            ) from error


def _random() -> str:
    return secrets.token_urlsafe(32)


def write_once(place: Path, content: bytes) -> None:
    """`place` holds `content`, or what whoever was quicker has written there; only its owner can read it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{place.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, place)
    finally:
        temporary.unlink()
