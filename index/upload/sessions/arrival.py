"""The bytes of a file on their way in: to disk once, through every hash that was announced."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from werkzeug.exceptions import ClientDisconnected

from index.upload.faults import Code, fault, refuse
from scanner.archive.faults import shown
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from index.upload.form import Readable
    from scanner.archive import Fault

__all__ = ["Arrived", "hash_faults", "receive_bytes"]

_CHUNK: Final = 64 * 1024

#: Those of `hashlib.algorithms_guaranteed` whose digest has one length.
_KNOWN: Final = frozenset(name for name in hashlib.algorithms_guaranteed if not name.startswith("shake_"))
_WEAK: Final = frozenset({"md5", "sha1"})


@dataclass(frozen=True, slots=True)
class Arrived:
    """Bytes that are those which were announced."""

    path: Path
    sha256: Sha256Hex
    blake2_256: str


def hash_faults(hashes: Mapping[str, str]) -> Iterator[Fault]:
    """What is wrong with the digests that a client announces."""
    for name, digest in hashes.items():
        if name not in _KNOWN:
            yield fault(Code.HASH_UNKNOWN, f"The hash algorithm {shown(name)} is none of {', '.join(sorted(_KNOWN))}.")
            continue
        length = hashlib.new(name, usedforsecurity=False).digest_size * 2
        if len(digest) != length or set(digest.lower()) - set("0123456789abcdef"):
            yield fault(
                Code.DIGEST_MALFORMED, f"The {name} digest is {shown(digest)}, expected {length} hexadecimal digits."
            )
    if not set(hashes) & (_KNOWN - _WEAK):
        yield fault(Code.DIGEST_MISSING, "No strong digest of the file was announced: send its 'sha256'.")


@contextmanager
def receive_bytes(stream: Readable, folder: Path, *, size: int, hashes: Mapping[str, str]) -> Iterator[Arrived]:
    """The bytes lie in `folder` until the block ends. They are of the size and have the digests that were announced.

    Raises:
        UploadRefused: 400, because they are not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    used = {name: hashlib.new(name, usedforsecurity=False) for name in hashes}
    used.setdefault("sha256", hashlib.sha256())
    own = hashlib.blake2b(digest_size=32)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="upload-") as target:
        came = 0
        while chunk := _read(stream):
            came += len(chunk)
            if came > size:
                break
            target.write(chunk)
            own.update(chunk)
            for digest in used.values():
                digest.update(chunk)
        target.flush()
        if came != size:
            more = "more than the" if came > size else f"{came} bytes of the"
            raise refuse(Code.SIZE_MISMATCH, f"There came {more} {size} bytes that were announced. Send them again.")
        for name, announced in hashes.items():
            if used[name].hexdigest() != announced.lower():
                raise refuse(
                    Code.DIGEST_MISMATCH,
                    f"The {name} digest announced is {announced}, and the bytes that came have "
                    f"{used[name].hexdigest()}. Send them again.",
                )
        yield Arrived(Path(target.name), Sha256Hex(used["sha256"].hexdigest()), own.hexdigest())


def _read(stream: Readable) -> bytes:
    try:
        return stream.read(_CHUNK)
    except (ClientDisconnected, OSError) as error:  # OSError: a chunked body that breaks its own framing
        raise refuse(
            Code.BODY_TRUNCATED, "The connection ended early. Send the bytes again.", HTTPStatus.BAD_REQUEST
        ) from error
