"""What programs ask every site for: robots.txt, security.txt, and the key of our signatures."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from index.accounts.signing import SigningKey

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from index.settings import Settings

__all__ = ["ROBOTS", "PublicKeys", "key_document", "security_txt", "signing_key"]

#: Everything public may be read; these lead a crawler nowhere, or through every artifact.
ROBOTS: Final = """User-agent: *
Disallow: /admin/
Disallow: /api/
Disallow: /files/
Disallow: /legacy/
Disallow: /manage/
Disallow: /review/
Disallow: /search
Disallow: /sign-in
Disallow: /simple/
Disallow: /submissions/
"""

#: Far enough for a person to answer, near enough to be renewed by whoever still runs the index (RFC 9116, 2.5.5).
_GOOD_FOR: Final = timedelta(days=30)


class PublicKey(msgspec.Struct):
    """The public half of a key: 32 bytes in base64."""

    id: str
    algorithm: Literal["ed25519"]
    public_key: str


class PublicKeys(msgspec.Struct):
    """The keys that sign the feed of changes."""

    keys: list[PublicKey]


def security_txt(settings: Settings, *, now: datetime) -> str | None:
    """Where to report a vulnerability (RFC 9116), or None where the operator has not said it."""
    if not settings.security_contact:
        return None
    expires = (now + _GOOD_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [f"Contact: {settings.security_contact}", f"Expires: {expires}", "Preferred-Languages: en"]
    if settings.resolved_public_url.startswith("https://"):
        lines.append(f"Canonical: {settings.resolved_public_url}/.well-known/security.txt")
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=8)
def signing_key(data_folder: Path) -> SigningKey:
    """The key of the instance in `data_folder`, read once by each process."""
    return SigningKey.load(data_folder)


def key_document(key: SigningKey) -> PublicKeys:
    """The public half of `key`, as a document."""
    return PublicKeys([PublicKey(key.id, "ed25519", b64encode(key.public_bytes).decode("ascii"))])
