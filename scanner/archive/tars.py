"""The strict reader of gzipped tar archives: every block is accounted for, and every header's checksum is right.

Tar readers differ in what they do with a damaged header, with data after the end and with contradictory sizes: some
stop, some go on. So an archive is accepted only where all of them see the same.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner.archive.codes import Code
from scanner.archive.faults import shown
from scanner.archive.gzip_stream import GzipStream
from scanner.archive.links import symlink_target
from scanner.archive.member import Member
from scanner.archive.names import NameRegistry
from scanner.archive.pax import PaxHeader, read_global_pax, read_pax
from scanner.archive.tar_headers import BLOCK, TarHeader, read_tar_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.archive.faults import FaultList
    from scanner.archive.limits import Limits
    from scanner.model import MemberName

__all__ = ["TarArchive"]

_FILE: Final = frozenset({b"0", b"\0"})
_HARD_LINK: Final = b"1"
_SYMBOLIC_LINK: Final = b"2"
_FOLDER: Final = b"5"
_SPARSE: Final = b"S"
_PAX: Final = b"x"
_GLOBAL_PAX: Final = b"g"
_LONG_NAME: Final = b"L"
_LONG_TARGET: Final = b"K"
_EXTENSIONS: Final = frozenset({_PAX, _GLOBAL_PAX, _LONG_NAME, _LONG_TARGET})

_DRAIN: Final = 64 * 1024
#: A reader of ZIP archives looks for its end record in this much of the tail: 22 bytes and a comment.
_ZIP_TAIL: Final = 22 + 0xFFFF


@dataclass(slots=True)
class _Pending:
    """What the extension headers before a member say about it."""

    pax: PaxHeader | None = None
    long_name: bytes | None = None
    long_target: bytes | None = None


class TarArchive:
    """A gzipped tar archive, read once from front to end.

    Raises:
        ArchiveRefused: it is no gzip file, or is a ZIP archive as well.
    """

    def __init__(self, data: memoryview, limits: Limits, faults: FaultList) -> None:
        self._limits = limits
        self._faults = faults
        self._registry = NameRegistry(limits, faults)
        self._regular: set[str] = set()
        self._count = 0
        _check_not_zip(data, faults)
        self._stream = GzipStream(data, limits, faults)

    def members(self) -> Iterator[Member]:
        """Every member in the order of the file, folders included; those with a fault are left out and noted.

        Raises:
            ArchiveRefused: nothing can be read beyond this place.
        """
        pending = _Pending()
        first = True
        while True:
            at, block = self._stream.position, self._block()
            if not any(block):
                self._check_end(pending)
                return
            header = read_tar_header(block, at, self._faults)
            if header.kind in _EXTENSIONS:
                if header.kind == _GLOBAL_PAX and not first:
                    self._refuse_extension(header, at)
                self._extend(pending, header, at)
            else:
                member = self._member(header, pending)
                pending = _Pending()
                if member is not None:
                    yield member
                del member  # so that the next one does not come on top of it
            first = False

    def _block(self) -> bytes:
        block = self._stream.read(BLOCK)
        if len(block) != BLOCK:
            self._faults.refuse(
                Code.TAR_TRUNCATED,
                f"The tar archive ends at byte {self._stream.position}, before the two zero blocks that close it; it "
                "was cut short. Build the sdist again.",
            )
        return block

    def _payload(self, size: int) -> bytes:
        """The next `size` bytes, and the zeros that fill their last block are read past."""
        padding = -size % BLOCK
        data = self._stream.read(size)
        if len(data) != size or len(zeros := self._stream.read(padding)) != padding:
            self._faults.refuse(
                Code.TAR_TRUNCATED, "The tar archive ends inside a member; it was cut short. Build the sdist again."
            )
        if any(zeros):
            self._faults.refuse(
                Code.TAR_TRAILING,
                f"Bytes that belong to no member stand before byte {self._stream.position} of the tar stream.",
            )
        return data

    def _extend(self, pending: _Pending, header: TarHeader, at: int) -> None:
        """Put the extension `header` and its payload into `pending`."""
        is_pax = header.kind in {_PAX, _GLOBAL_PAX}
        limit = self._limits.pax_size if is_pax else self._limits.long_name_size
        if header.size > limit:
            self._faults.refuse(
                Code.TAR_PAX if is_pax else Code.TAR_LONG_NAME,
                f"The extended header at byte {at} has {header.size} bytes; at most {limit} are accepted.",
            )
        raw = self._payload(header.size)
        named = pending.long_name is not None or pending.long_target is not None
        if header.kind == _GLOBAL_PAX:
            read_global_pax(raw, at, self._faults)
        elif header.kind == _PAX and pending.pax is None and not named:
            pending.pax = read_pax(raw, at, self._faults)
        elif header.kind == _LONG_NAME and pending.pax is None and pending.long_name is None:
            pending.long_name = self._long_text(raw, at)
        elif header.kind == _LONG_TARGET and pending.pax is None and pending.long_target is None:
            pending.long_target = self._long_text(raw, at)
        else:
            self._refuse_extension(header, at)

    def _refuse_extension(self, header: TarHeader, at: int) -> None:
        self._faults.refuse(
            Code.TAR_HEADER,
            f"The extended header {shown(header.kind)} at byte {at} comes twice, contradicts another one, or is not "
            "where it belongs; readers disagree on which counts.",
        )

    def _long_text(self, raw: bytes, at: int) -> bytes:
        text = raw.removesuffix(b"\0")
        if not text or b"\0" in text:
            self._faults.refuse(Code.TAR_LONG_NAME, f"The GNU long name at byte {at} is empty or holds a NUL byte.")
        return text

    def _member(self, header: TarHeader, pending: _Pending) -> Member | None:
        """The member that `header` starts, or None when it has a fault; its payload is read in any case."""
        pax = pending.pax or PaxHeader()
        raw_name = pending.long_name or pax.path or header.name
        self._count += 1
        if self._count > self._limits.members:
            self._faults.refuse(
                Code.LIMIT_MEMBERS,
                f"The archive has more than {self._limits.members} members, which is the most accepted.",
            )
        self._check_size(raw_name, header, pax)
        data = self._payload(header.size)
        is_folder = header.kind == _FOLDER or (header.kind == b"\0" and raw_name.endswith(b"/"))
        if not self._check_kind(raw_name, header, is_folder=is_folder):
            return None
        mode = self._check_mode(raw_name, header, is_folder=is_folder)
        name = self._registry.accept(raw_name.removesuffix(b"/") if is_folder else raw_name, is_folder=is_folder)
        if name is None or mode is None:
            return None
        if header.kind in {_HARD_LINK, _SYMBOLIC_LINK}:
            return self._link(name, header.kind, pending.long_target or pax.linkpath or header.target)
        if not is_folder:
            self._regular.add(name)
        return Member(name=name, data=data, mode=mode, is_folder=is_folder)

    def _check_size(self, raw_name: bytes, header: TarHeader, pax: PaxHeader) -> None:
        if header.size > self._limits.member_size:
            self._faults.refuse(
                Code.LIMIT_MEMBER_SIZE,
                f"The member {shown(raw_name)} has {header.size} bytes; at most {self._limits.member_size} are "
                "accepted.",
            )
        # A reader that knows pax and one that does not would go on at different bytes, and see different members.
        if pax.size is not None and pax.size != b"%d" % header.size:
            self._faults.refuse(
                Code.TAR_PAX_SIZE,
                f"The member {shown(raw_name)} has the size {shown(pax.size)} in its pax header and {header.size} in "
                "its tar header; both have to be equal. Build the sdist again.",
            )

    def _check_kind(self, raw_name: bytes, header: TarHeader, *, is_folder: bool) -> bool:
        name = shown(raw_name)
        if header.kind == _SPARSE:
            self._faults.refuse(Code.TAR_SPARSE, f"The member {name} is sparse; store it with all its bytes.")
        if header.kind in _FILE and (is_folder or not raw_name.endswith(b"/")) and not (is_folder and header.size):
            return True
        if header.kind in {_FOLDER, _HARD_LINK, _SYMBOLIC_LINK} and not header.size:
            return True
        self._faults.add(
            Code.TAR_FILE_TYPE,
            f"The member {name} has the type {shown(header.kind)} and {header.size} bytes; an sdist holds files, "
            "empty folders and links without data, and a file's name does not end with a slash.",
        )
        return False

    def _check_mode(self, raw_name: bytes, header: TarHeader, *, is_folder: bool) -> int | None:
        if not is_folder and header.mode & (stat.S_ISUID | stat.S_ISGID):
            self._faults.add(
                Code.MODE_SETUID,
                f"The member {shown(raw_name)} has the mode {header.mode:o}: it would run with the rights of its "
                "owner. Clear its "
                "set-user-id and set-group-id bits.",
            )
            return None
        return stat.S_IMODE(header.mode)

    def _link(self, name: MemberName, kind: bytes, raw_target: bytes) -> Member | None:
        text = raw_target.decode("utf-8", "replace")
        hard_target = text if text in self._regular else None
        target = symlink_target(name, text) if kind == _SYMBOLIC_LINK else hard_target
        if target is None:
            self._faults.add(
                Code.TAR_LINK,
                f"The link {shown(name)} points at {shown(raw_target)}, which is outside the folder of the archive or "
                "no file that came before it; put the file itself there.",
            )
            return None
        return Member(name=name, data=b"", is_link=True, target=target)

    def _check_end(self, pending: _Pending) -> None:
        """After one zero block comes a second, then only zeros, a whole number of blocks, and nothing."""
        if pending != _Pending():
            self._faults.refuse(Code.TAR_HEADER, "An extended header comes last and belongs to no member.")
        zeros = self._block()
        size = 0
        while zeros:
            if any(zeros):
                self._faults.refuse(
                    Code.TAR_TRAILING,
                    f"Data follow the end of the tar archive, before byte {self._stream.position}: some readers would "
                    "unpack them. Build the sdist again.",
                )
            size += len(zeros)
            zeros = self._stream.read(_DRAIN)
        if size % BLOCK:
            self._faults.refuse(
                Code.TAR_TRUNCATED, f"The tar archive ends with a block of {size % BLOCK} bytes; it was cut short."
            )


def _check_not_zip(data: memoryview, faults: FaultList) -> None:
    """No reader of ZIP archives takes `data` for one; installers ask such a reader before they look at the name."""
    tail = bytes(data[-_ZIP_TAIL:])
    found = tail.rfind(b"PK\5\6")
    if found >= 0 and len(tail) - found >= _ZIP_TAIL - 0xFFFF:
        faults.refuse(
            Code.TAR_ALSO_ZIP,
            "The tail of the .tar.gz holds the end record of a ZIP archive, so that installers may read it as one. If "
            "that is a packed test file near the end of the sdist, compress or move it.",
        )
