"""RECORD of a wheel (PEP 376, PEP 427): it lists every file of the wheel, with the hash and size that the file has."""

from __future__ import annotations

import csv
import hashlib
import io
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final, NamedTuple

from scanner.archive.codes import Code
from scanner.archive.faults import shown

if TYPE_CHECKING:
    from scanner.archive.faults import FaultList
    from scanner.archive.limits import Limits
    from scanner.archive.member import Member
    from scanner.archive.zip_members import PackedMember
    from scanner.model import MemberName, Sha256Hex

__all__ = ["Record"]

#: PEP 427: SHA-256 or better.
_ALGORITHMS: Final = frozenset({"sha256", "sha384", "sha512"})
_COLUMNS: Final = 3


class _Row(NamedTuple):
    hash: str
    size: str


class Record:
    """The rows of a RECORD file; faults of its form are noted when it is read, faults of its contents by `verify`."""

    def __init__(self, raw: bytes, path: str, limits: Limits, faults: FaultList) -> None:
        self._path = path
        self._most = limits.members
        self._faults = faults
        self._rows: dict[str, _Row] = {}
        self._verified: set[str] = set()
        try:
            self._read(raw)
        except (UnicodeDecodeError, csv.Error) as error:
            self._add(Code.RECORD_INVALID, f"RECORD is not a CSV file in UTF-8: {shown(str(error))}.")

    def confirms(self, packed: PackedMember, known: Sha256Hex) -> bool:
        """Whether `packed` is listed with the hash `known` and its size: then it counts as verified."""
        row = self._rows.get(packed.name)
        told = f"sha256={_encoded(bytes.fromhex(known))}"
        if row is None or row.hash != told or (row.size and row.size != str(packed.size)) or packed.name == self._path:
            return False
        self._verified.add(packed.name)
        return True

    def verify(self, member: Member) -> None:
        """`member` is listed with its own hash and size, or a fault is noted. RECORD itself is listed without."""
        row = self._rows.get(member.name)
        self._verified.add(member.name)
        if row is None:
            self._add(
                Code.RECORD_UNLISTED, f"The file {shown(member.name)} is in the wheel, and RECORD does not list it."
            )
        elif member.name == self._path:
            if row.hash or row.size:
                self._add(
                    Code.RECORD_INVALID, "RECORD lists itself with a hash or size; those columns have to be empty."
                )
        else:
            self._verify_row(member, row)

    def finish(self, damaged: frozenset[MemberName]) -> None:
        """Every file that is listed was given to `verify` or is `damaged`, or a fault is noted."""
        present = self._verified | damaged
        for path in (path for path in self._rows if path not in present):
            self._add(Code.RECORD_ABSENT, f"RECORD lists {shown(path)}, and the wheel has no such file.")

    def _verify_row(self, member: Member, row: _Row) -> None:
        algorithm, _, expected = row.hash.partition("=")
        if algorithm not in _ALGORITHMS:
            self._add(
                Code.RECORD_HASH,
                f"RECORD has the hash {shown(row.hash)} for {shown(member.name)}; SHA-256, SHA-384 or SHA-512 is "
                "expected.",
            )
            return
        if algorithm == "sha256":
            digest = bytes.fromhex(member.sha256)  # which others ask for, too
        else:
            digest = hashlib.new(algorithm, member.data, usedforsecurity=False).digest()
        got = _encoded(digest)
        if got != expected:
            self._add(
                Code.RECORD_HASH,
                f"RECORD says that {shown(member.name)} has the {algorithm} {shown(expected)}, and it has '{got}'.",
            )
        # An empty size is allowed; a size that is there is right.
        if row.size and row.size != str(member.size):
            self._add(
                Code.RECORD_SIZE,
                f"RECORD says that {shown(member.name)} has {shown(row.size)} bytes, and it has {member.size}.",
            )

    def _read(self, raw: bytes) -> None:
        for number, row in enumerate(csv.reader(io.StringIO(raw.decode("utf-8"), newline=""), strict=True), start=1):
            if number > self._most:
                self._add(Code.RECORD_INVALID, f"RECORD has more than {self._most} rows, which is the most accepted.")
                return
            if not row:
                continue
            if len(row) != _COLUMNS:
                self._add(
                    Code.RECORD_INVALID,
                    f"RECORD has a row of {len(row)} columns, {shown(','.join(row))}; it has three.",
                )
            elif row[0] in self._rows:
                self._add(Code.RECORD_INVALID, f"RECORD lists {shown(row[0])} twice.")
            else:
                self._rows[row[0]] = _Row(row[1], row[2])

    def _add(self, code: Code, problem: str) -> None:
        self._faults.add(code, f"{problem} Build the wheel again with its build tool, and change nothing afterwards.")


def _encoded(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
