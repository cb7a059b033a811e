"""Hostile gzipped tar archives, each a small sdist that is wrong in one respect."""

from __future__ import annotations

import gzip
import struct
import zlib
from typing import Final

from scanner.archive import Limits
from tests.hostile.case import Case, accepted, refused
from tests.hostile.dist_builder import MODULE, SDIST, SOURCE, TOP, sdist, sdist_tar
from tests.hostile.tar_builder import END, GNU, V7, gz, header, long_name, member, pax, pax_record
from tests.hostile.zip_builder import Entry, ZipFile

__all__ = ["TAR_CASES"]

_EVIL: Final = f"{TOP}/evil.py"
_INNER: Final = member(_EVIL, b"print('hidden')\n")


def tgz(*parts: bytes, end: bytes | None = None) -> tuple[str, bytes]:
    return SDIST, sdist(*parts, end=end)


def linked(target: str, name: str = f"{TOP}/link", kind: bytes = b"2") -> tuple[str, bytes]:
    return tgz(member(name, kind=kind, target=target))


def header_flags(flags: int, field: bytes) -> tuple[str, bytes]:
    """The sound sdist with one more optional field in its gzip header."""
    data = sdist()
    return SDIST, data[:3] + bytes([flags]) + data[4:10] + field + data[10:]


def _zip_inside_deflate() -> tuple[str, bytes]:
    """A sound sdist in whose last stored block a ZIP archive lies: an installer that sniffs unpacks that one."""
    stream = sdist_tar(member(f"{TOP}/x.bin", ZipFile(entries=(Entry(name="setup.py", data=b"evil"),)).build()))
    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    return SDIST, packer.compress(stream) + packer.flush()


_CHECKSUM: Final = struct.pack("<H", zlib.crc32(sdist()[:3] + b"\2" + sdist()[4:10]) & 0xFFFF)

TAR_CASES: Final[tuple[Case, ...]] = (
    refused(5, "zeros", (SDIST, gz(bytes(4 << 20))), "archive.limit.ratio"),
    refused(5, "gzip-in-gzip", (SDIST, gz(gzip.compress(sdist_tar(), 0))), "archive.tar.checksum"),
    refused(5, "total-size", tgz(), "archive.limit.total-size", limits=Limits(total_size=2048)),
    refused(5, "member-size", tgz(), "archive.limit.member-size", limits=Limits(member_size=8)),
    refused(5, "huge-size-declared", tgz(header(_EVIL, size=1 << 32)), "archive.limit.member-size"),
    accepted(3, "tar-in-tar", tgz(member(f"{TOP}/inner.tar.gz", sdist()))),
    refused(6, "parent", tgz(member("../evil.py")), "archive.name.dot-component"),
    refused(6, "parent-inside", tgz(member(f"{TOP}/../../evil.py")), "archive.name.dot-component"),
    refused(6, "absolute", tgz(member("/etc/evil")), "archive.name.absolute"),
    refused(6, "pax-path", tgz(pax({"path": "/etc/evil"}), member(_EVIL)), "archive.name.absolute"),
    refused(6, "gnu-long-name", tgz(long_name(b"../evil"), member(_EVIL)), "archive.name.dot-component"),
    refused(6, "backslash", tgz(member(f"{TOP}/..\\evil.py")), "archive.name.backslash"),
    refused(6, "empty", tgz(member("")), "archive.name.empty"),
    refused(7, "nul-in-pax", tgz(pax({"path": f"{TOP}/a.py\0.txt"}), member(_EVIL)), "archive.name.control-character"),
    refused(7, "escape", tgz(member(f"{TOP}/\x1b]0;.py")), "archive.name.control-character"),
    refused(8, "latin-1", tgz(member(f"{TOP}/\u00e9.py".encode("latin-1"))), "archive.name.encoding"),
    refused(8, "binary-charset", tgz(pax({"hdrcharset": "BINARY"}), member(_EVIL)), "archive.tar.pax"),
    refused(12, "device", tgz(member(f"{TOP}/aux")), "archive.name.windows"),
    refused(14, "symlink-absolute", linked("/etc/passwd"), "archive.tar.link"),
    refused(14, "symlink-parent", linked("../../etc/passwd"), "archive.tar.link"),
    refused(14, "symlink-to-other-top", linked("../other/file"), "archive.tar.link"),
    refused(14, "symlink-to-root", linked(".."), "archive.tar.link"),
    refused(14, "symlink-through-link", linked(f"{MODULE}/../../../.."), "archive.tar.link"),
    refused(14, "symlink-backslash", linked("..\\evil"), "archive.tar.link"),
    refused(14, "symlink-drive", linked("C:/evil"), "archive.tar.link"),
    refused(14, "symlink-empty", linked(""), "archive.tar.link"),
    refused(14, "hard-link-outside", linked("/etc/passwd", kind=b"1"), "archive.tar.link"),
    refused(14, "hard-link-to-nothing", linked(f"{TOP}/none", kind=b"1"), "archive.tar.link"),
    refused(
        14,
        "pax-link-path",
        tgz(pax({"linkpath": "/etc"}), member(f"{TOP}/l", kind=b"2", target="ok")),
        "archive.tar.link",
    ),
    refused(
        14,
        "gnu-long-link",
        tgz(long_name(b"/etc", kind=b"K"), member(f"{TOP}/l", kind=b"2", target="ok")),
        "archive.tar.link",
    ),
    refused(
        14,
        "hard-link-to-link",
        tgz(member(f"{TOP}/a", kind=b"2", target="PKG-INFO"), member(f"{TOP}/b", kind=b"1", target=f"{TOP}/a")),
        "archive.tar.link",
    ),
    refused(
        14,
        "member-below-link",
        tgz(member(f"{TOP}/a", kind=b"2", target="demo_pkg"), member(f"{TOP}/a/b.py")),
        "archive.name.file-and-folder",
    ),
    refused(
        14, "link-with-data", tgz(member(f"{TOP}/a", b"data", kind=b"2", target="PKG-INFO")), "archive.tar.file-type"
    ),
    accepted(15, "symlink-inside", linked("demo_pkg/__init__.py")),
    accepted(15, "symlink-up-inside", linked("../PKG-INFO", f"{TOP}/demo_pkg/info")),
    accepted(15, "hard-link-inside", linked(f"{TOP}/{MODULE}", kind=b"1")),
    refused(16, "character-device", tgz(member(f"{TOP}/d", kind=b"3")), "archive.tar.file-type"),
    refused(16, "block-device", tgz(member(f"{TOP}/d", kind=b"4")), "archive.tar.file-type"),
    refused(16, "fifo", tgz(member(f"{TOP}/d", kind=b"6")), "archive.tar.file-type"),
    refused(16, "contiguous", tgz(member(f"{TOP}/d", kind=b"7")), "archive.tar.file-type"),
    refused(16, "unknown-type", tgz(member(f"{TOP}/d", kind=b"Z")), "archive.tar.file-type"),
    refused(16, "file-named-as-folder", tgz(member(f"{TOP}/d/")), "archive.tar.file-type"),
    refused(17, "set-user-id", tgz(member(_EVIL, mode=0o4755)), "archive.mode.setuid"),
    refused(17, "set-group-id", tgz(member(_EVIL, mode=0o2755)), "archive.mode.setuid"),
    refused(18, "too-many", tgz(_INNER), "archive.limit.members", limits=Limits(members=2)),
    refused(29, "folder-with-data", tgz(member(f"{TOP}/d", b"data", kind=b"5")), "archive.tar.file-type"),
    refused(30, "zip-inside-deflate", _zip_inside_deflate(), "archive.tar.also-zip"),
    refused(30, "zip-as-sdist", (SDIST, ZipFile(entries=(Entry(name="a"),)).build()), "archive.tar.also-zip"),
    refused(31, "length-too-large", tgz(pax(b"99 path=a\n"), member(_EVIL)), "archive.tar.pax"),
    refused(31, "length-too-small", tgz(pax(b"5 path=a\n"), member(_EVIL)), "archive.tar.pax"),
    refused(31, "no-newline", tgz(pax(b"9 path=ab"), member(_EVIL)), "archive.tar.pax"),
    refused(31, "not-a-number", tgz(pax(b"x path=a\n"), member(_EVIL)), "archive.tar.pax"),
    refused(31, "record-twice", tgz(pax(pax_record("path", _EVIL) * 2), member(_EVIL)), "archive.tar.pax"),
    refused(31, "empty-path", tgz(pax({"path": ""}), member(_EVIL)), "archive.tar.pax"),
    refused(31, "huge", tgz(pax({"comment": "x" * 70_000}), member(_EVIL)), "archive.tar.pax"),
    refused(31, "huge-declared", tgz(header("x", size=1 << 32, kind=b"x")), "archive.tar.pax"),
    refused(31, "global-path", (SDIST, gz(pax({"path": _EVIL}, kind=b"g") + sdist_tar())), "archive.tar.pax"),
    refused(31, "global-in-the-middle", tgz(pax({"comment": "x"}, kind=b"g"), _INNER), "archive.tar.header"),
    refused(31, "twice", tgz(pax({"mtime": "1"}), pax({"mtime": "2"}), _INNER), "archive.tar.header"),
    refused(31, "pax-and-gnu", tgz(pax({"path": _EVIL}), long_name(b"other"), _INNER), "archive.tar.header"),
    refused(31, "gnu-and-pax", tgz(long_name(b"other"), pax({"path": _EVIL}), _INNER), "archive.tar.header"),
    refused(31, "last", tgz(pax({"path": _EVIL})), "archive.tar.header"),
    refused(32, "larger", tgz(pax({"size": "1024"}), header(_EVIL), _INNER), "archive.tar.pax-size"),
    refused(32, "smaller", tgz(pax({"size": "0"}), _INNER), "archive.tar.pax-size"),
    refused(32, "other-spelling", tgz(pax({"size": "016"}), _INNER), "archive.tar.pax-size"),
    refused(33, "long-name", tgz(long_name(b"a" * 5000), _INNER), "archive.tar.long-name"),
    refused(33, "declared", tgz(header("x", size=1 << 30, kind=b"L")), "archive.tar.long-name"),
    refused(33, "nul-inside", tgz(long_name(b"a\0b"), _INNER), "archive.tar.long-name"),
    refused(33, "name-beyond-limit", tgz(long_name(b"a" * 2000), _INNER), "archive.name.too-long"),
    refused(34, "gnu-sparse", tgz(member(_EVIL, kind=b"S")), "archive.tar.sparse"),
    refused(
        34, "pax-sparse", tgz(pax({"GNU.sparse.major": "1", "GNU.sparse.realsize": "99"}), _INNER), "archive.tar.sparse"
    ),
    refused(34, "star-sparse", tgz(pax({"SCHILY.realsize": "99"}), _INNER), "archive.tar.sparse"),
    refused(35, "wrong-checksum", tgz(header(_EVIL, checksum=1), _INNER), "archive.tar.checksum"),
    refused(35, "unknown-format", tgz(header(_EVIL, magic=b"ustar\00011")), "archive.tar.header"),
    refused(35, "gnu-with-prefix", tgz(header("evil.py", magic=GNU, prefix=TOP.encode())), "archive.tar.header"),
    refused(35, "v7-with-prefix", tgz(header("evil.py", magic=V7, prefix=TOP.encode())), "archive.tar.header"),
    refused(36, "after-the-end", tgz(end=END + _INNER + END), "archive.tar.trailing-data"),
    refused(36, "one-zero-block-and-on", tgz(bytes(512) + _INNER), "archive.tar.trailing-data"),
    refused(36, "in-the-padding", tgz(header(_EVIL, size=1) + b"a" + b"b" * 511), "archive.tar.trailing-data"),
    refused(36, "second-gzip-member", (SDIST, sdist() + gz(_INNER)), "archive.gzip.trailing-data"),
    refused(36, "after-gzip", (SDIST, sdist() + b"\0"), "archive.gzip.trailing-data"),
    refused(36, "gzip-comment", header_flags(0x10, b"hidden\0"), "archive.gzip.header"),
    refused(36, "gzip-extra-field", header_flags(0x04, b"\2\0ab"), "archive.gzip.header"),
    refused(36, "gzip-header-checksum", header_flags(0x02, _CHECKSUM), "archive.gzip.header"),
    refused(37, "gzip-cut-short", (SDIST, sdist()[:-9]), "archive.gzip.truncated"),
    refused(37, "gzip-header-only", (SDIST, sdist()[:6]), "archive.gzip.truncated"),
    refused(37, "gzip-checksum", (SDIST, sdist()[:-8] + b"\0\0\0\0" + sdist()[-4:]), "archive.gzip.corrupt"),
    refused(37, "gzip-length", (SDIST, sdist()[:-4] + b"\0\0\0\1"), "archive.gzip.corrupt"),
    refused(37, "not-gzip", (SDIST, b"BZh91AY&SY"), "archive.gzip.header"),
    refused(37, "empty", (SDIST, b""), "archive.gzip.header"),
    refused(37, "no-end", tgz(end=b""), "archive.tar.truncated"),
    refused(37, "one-zero-block", tgz(end=bytes(512)), "archive.tar.truncated"),
    refused(37, "odd-length", tgz(end=END + bytes(100)), "archive.tar.truncated"),
    refused(37, "inside-a-member", tgz(header(_EVIL, size=5000), end=b""), "archive.tar.truncated"),
    refused(37, "inside-a-header", tgz(end=_INNER[:300]), "archive.tar.truncated"),
    refused(38, "base-256", tgz(header(_EVIL, raw_size=b"\x80" + bytes(10) + b"\1")), "archive.tar.size"),
    refused(38, "base-256-negative", tgz(header(_EVIL, raw_size=b"\xff" * 12)), "archive.tar.size"),
    refused(38, "negative", tgz(header(_EVIL, raw_size=b"-0000000001\0")), "archive.tar.size"),
    refused(38, "not-octal", tgz(header(_EVIL, raw_size=b"00000000009\0")), "archive.tar.size"),
    refused(42, "same-name", tgz(member(f"{TOP}/{MODULE}", SOURCE)), "archive.name.duplicate"),
    refused(42, "by-pax", tgz(pax({"path": f"{TOP}/{MODULE}"}), member("x")), "archive.name.duplicate"),
    refused(42, "file-and-folder", tgz(member(f"{TOP}/{MODULE}", kind=b"5")), "archive.name.file-and-folder"),
    refused(
        42, "normalization", tgz(member(f"{TOP}/\u00e9"), member(f"{TOP}/e\u0301")), "archive.name.unicode-collision"
    ),
    refused(42, "metadata-twice", tgz(member(f"{TOP}/PKG-INFO", b"x")), "archive.name.duplicate"),
)
