"""The key that signs what mirrors read: made once, kept in the data folder, readable by its owner only."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from index.accounts.keys import KeysUnreadable, write_once

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SigningKey"]

_FILENAME: Final = "signing-key.pem"
_ID_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key (RFC 8032)."""

    _private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"SigningKey({self.id})"

    @classmethod
    def load(cls, data_folder: Path) -> Self:
        """The key in `data_folder`, made when there is none. Processes that start together get the same.

        Raises:
            KeysUnreadable: the file exists and does not hold such a key.
        """
        place = data_folder / _FILENAME
        if not place.exists():
            pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_once(place, pem)
        advice = "put the file back from a backup; with a new key, mirrors have to be told of it"
        try:
            private = load_pem_private_key(place.read_bytes(), password=None)
        except ValueError as error:
            raise KeysUnreadable(f"{place} does not hold a key ({error}): {advice}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeysUnreadable(f"{place} holds another kind of key than Ed25519: {advice}")
        return cls(private)

    @property
    def public_bytes(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def id(self) -> str:
        """A short name of the key: the beginning of the SHA-256 of its public half."""
        return sha256(self.public_bytes).hexdigest()[:_ID_LENGTH]

    def sign(self, message: bytes) -> str:
        """The signature of `message`, in base64."""
        return b64encode(self._private.sign(message)).decode("ascii")
