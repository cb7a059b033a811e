"""Hostile ZIP archives, each a small wheel that is wrong in one respect."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

from scanner.archive import Limits
from tests.hostile.case import Case, accepted, refused
from tests.hostile.dist_builder import MODULE, SOURCE, WHEEL, wheel, wheel_entries
from tests.hostile.zip_builder import DESCRIPTOR, STORED, UTF8, Entry, ZipFile, deflate, descriptor, zip64_extra

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ZIP_CASES"]

_BODY: Final = b"print('evil')\n" * 4
_PACKED: Final = deflate(_BODY)


def whl(files: Mapping[str, bytes] | None = None, **options: Any) -> tuple[str, bytes]:
    return WHEEL, wheel(files, **options)


def extra(**options: Any) -> tuple[str, bytes]:
    """A wheel with one more member, `demo_pkg/evil.py`, made with `options`; RECORD lists it."""
    entry = Entry(**{"name": "demo_pkg/evil.py", "data": _BODY, **options})
    rest = [e for e in wheel_entries({"demo_pkg/evil.py": entry.data}) if e.name != "demo_pkg/evil.py"]
    return WHEEL, ZipFile(entries=(*rest, entry)).build()


def named(*names: str | bytes, **options: Any) -> tuple[str, bytes]:
    return whl(entries=[Entry(name=name, data=_BODY, **options) for name in names])


def zipped(**options: Any) -> tuple[str, bytes]:
    return whl(zip_options=options)


def _overlapping() -> tuple[str, bytes]:
    first, *rest = wheel_entries()
    return WHEEL, ZipFile(entries=(first, *rest, Entry(name="b.py", data=SOURCE, central={"offset": 0}))).build()


def _nested_comment() -> tuple[str, bytes]:
    inner = ZipFile(entries=(Entry(name="evil.py", data=_BODY),)).build()
    return whl(zip_options={"comment": inner})


def _tar_too() -> tuple[str, bytes]:
    """Stored first member whose name and bytes make the first 512 bytes a tar header with a right checksum."""
    body = bytearray(600)
    first = Entry(name="a" * 60, data=bytes(body), method=STORED)
    start = len(ZipFile(entries=(first,)).build()) - 22 - 46 - 60 - 600
    body[148 - start : 156 - start] = b" " * 8
    for _ in range(2):  # the checksum of the data stands in the header, and counts in the header's own checksum
        block = ZipFile(entries=(Entry(name="a" * 60, data=bytes(body), method=STORED),)).build()[:512]
        total = sum(block[:148]) + 256 + sum(block[156:])
        body[148 - start : 156 - start] = b"%06o\0 " % total
    for filler in range(100_000):
        body[500:504] = struct.pack("<L", filler)
        block = ZipFile(entries=(Entry(name="a" * 60, data=bytes(body), method=STORED),)).build()[:512]
        total = sum(block[:148]) + 256 + sum(block[156:])
        if block[148:156] == b"%06o\0 " % total:
            return WHEEL, ZipFile(entries=(Entry(name="a" * 60, data=bytes(body), method=STORED),)).build()
    raise AssertionError("no filler makes the checksum right")


def _entry_beyond_directory() -> tuple[str, bytes]:
    data = bytearray(wheel())
    last = data.rindex(b"PK\1\2")
    data[last + 32 : last + 34] = b"\xff\0"  # the length of its comment
    return WHEEL, bytes(data)


def _unicode_path(name: bytes) -> bytes:
    return struct.pack("<2HBL", 0x7075, 5 + len(name), 1, zlib.crc32(name)) + name


ZIP_CASES: Final[tuple[Case, ...]] = (
    refused(1, "whole-archive-ratio", whl({"big.bin": bytes(3 << 20)}), "archive.limit.ratio"),
    refused(
        1,
        "member-ratio",
        whl({"big.bin": bytes(600_000)}),
        "archive.limit.ratio",
        limits=Limits(member_ratio_floor=500_000),
    ),
    refused(1, "total-size", whl(), "archive.limit.total-size", limits=Limits(total_size=100)),
    refused(1, "member-size", whl(), "archive.limit.member-size", limits=Limits(member_size=100)),
    refused(1, "size-declared-too-small", extra(local={"size": 9}, central={"size": 9}), "archive.zip.deflate"),
    refused(2, "two-entries-one-body", _overlapping(), "archive.zip.overlap"),
    refused(2, "member-into-directory", extra(local={"packed": 500}, central={"packed": 500}), "archive.zip.overlap"),
    accepted(3, "wheel-in-wheel", whl({"inner.whl": wheel()})),
    refused(4, "bzip2", extra(method=12), "archive.zip.method"),
    refused(4, "lzma", extra(method=14), "archive.zip.method"),
    refused(4, "zstandard", extra(method=93), "archive.zip.method"),
    refused(4, "newer-version", extra(local={"needed": 64}, central={"needed": 64}), "archive.zip.version"),
    refused(6, "parent", named("../evil.py"), "archive.name.dot-component"),
    refused(6, "parent-inside", named("demo_pkg/../../evil.py"), "archive.name.dot-component"),
    refused(6, "current", named("./evil.py"), "archive.name.dot-component"),
    refused(6, "empty-component", named("demo_pkg//evil.py"), "archive.name.dot-component"),
    refused(6, "absolute", named("/etc/evil"), "archive.name.absolute"),
    refused(6, "drive", named("C:evil.py"), "archive.name.windows"),
    refused(6, "backslash", named("..\\evil.py"), "archive.name.backslash"),
    refused(6, "empty", named(""), "archive.name.empty"),
    refused(6, "too-long", named("a/" * 30 + "b" * 1000), "archive.name.too-long"),
    refused(6, "too-deep", named("a/" * 60 + "b"), "archive.name.too-long"),
    refused(6, "component-too-long", named("b" * 300), "archive.name.too-long"),
    refused(7, "nul", named("demo_pkg/a.py\0.txt"), "archive.name.control-character"),
    refused(7, "newline", named("demo_pkg/a\n.py"), "archive.name.control-character"),
    refused(7, "escape", named("demo_pkg/\x1b[2J.py"), "archive.name.control-character"),
    refused(7, "right-to-left", named("demo_pkg/\u202eyp.live"), "archive.name.control-character"),
    refused(8, "not-utf-8", named(b"demo_pkg/\xff.py"), "archive.name.encoding"),
    refused(8, "not-marked", named("demo_pkg/\u00e9.py", flags=0), "archive.name.encoding"),
    refused(8, "surrogate", named(b"demo_pkg/\xed\xa0\x80.py"), "archive.name.encoding"),
    refused(9, "same-name", named(MODULE), "archive.name.duplicate"),
    refused(9, "three-times", named("a.py", "a.py", "a.py"), "archive.name.duplicate"),
    refused(9, "file-and-folder", named("demo_pkg"), "archive.name.file-and-folder"),
    refused(9, "below-a-file", named(f"{MODULE}/a.py"), "archive.name.file-and-folder"),
    refused(9, "folder-twice", whl(entries=[Entry(name="d/", mode=0o40755)] * 2), "archive.name.duplicate"),
    accepted(10, "case-fold", whl({"demo_pkg/A.py": b"", "demo_pkg/a.py": b""})),
    refused(11, "nfc-and-nfd", named("\u00e9.py", "e\u0301.py"), "archive.name.unicode-collision"),
    refused(12, "device", named("demo_pkg/NUL"), "archive.name.windows"),
    refused(12, "device-with-extension", named("demo_pkg/com1.py"), "archive.name.windows"),
    refused(12, "device-superscript", named("lpt\u00b2"), "archive.name.windows"),
    refused(12, "trailing-dot", named("demo_pkg/__init__.py."), "archive.name.windows"),
    refused(12, "trailing-space", named("demo_pkg /a.py"), "archive.name.windows"),
    refused(12, "stream", named(f"{MODULE}::$DATA"), "archive.name.windows"),
    refused(13, "symbolic-link", extra(mode=0o120777), "archive.zip.file-type"),
    refused(13, "fifo", extra(mode=0o010644), "archive.zip.file-type"),
    refused(13, "folder-that-is-a-file", extra(mode=0o040755), "archive.zip.file-type"),
    refused(13, "link-in-extra-field", extra(central_extra=struct.pack("<2H", 0x756E, 0)), "archive.zip.extra-field"),
    refused(17, "set-user-id", extra(mode=0o104755), "archive.mode.setuid"),
    refused(17, "set-group-id", extra(mode=0o102755), "archive.mode.setuid"),
    refused(18, "too-many", whl(), "archive.limit.members", limits=Limits(members=3)),
    refused(19, "locator-elsewhere", zipped(zip64={"locator": 0}), "archive.zip.zip64"),
    refused(19, "two-disks", zipped(zip64={"disks": 2}), "archive.zip.zip64"),
    refused(19, "extensible-data", zipped(zip64={"record_size": 60}), "archive.zip.zip64"),
    refused(19, "other-count", zipped(zip64={"count": 1, "here": 1}), "archive.zip.zip64"),
    refused(19, "other-directory", zipped(zip64={"start": 0}), "archive.zip.zip64"),
    refused(19, "needless-field", extra(central_extra=zip64_extra(1)), "archive.zip.zip64"),
    refused(19, "missing-field", extra(central={"size": 0xFFFFFFFF}), "archive.zip.zip64"),
    refused(19, "local-field-with-sizes", extra(local_extra=zip64_extra(1, 1)), "archive.zip.zip64"),
    refused(19, "field-of-odd-length", extra(central_extra=struct.pack("<2H3s", 1, 3, b"abc")), "archive.zip.zip64"),
    refused(
        19,
        "field-twice",
        extra(local={"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF}, local_extra=zip64_extra(len(_BODY), len(_PACKED)) * 2),
        "archive.zip.extra-field",
    ),
    refused(20, "name", extra(local={"name": b"demo_pkg/good.py"}), "archive.zip.header-mismatch"),
    refused(20, "method", extra(local={"method": STORED}), "archive.zip.header-mismatch"),
    refused(20, "crc", extra(local={"crc": 1}), "archive.zip.header-mismatch"),
    refused(20, "size", extra(local={"size": 1}), "archive.zip.header-mismatch"),
    refused(20, "packed-size", extra(local={"packed": 1}), "archive.zip.header-mismatch"),
    refused(20, "flags", extra(local={"flags": 0}), "archive.zip.header-mismatch"),
    refused(20, "second-name-in-extra-field", extra(local_extra=_unicode_path(b"evil.py")), "archive.zip.extra-field"),
    refused(20, "malformed-extra-field", extra(local_extra=b"\1\2\3"), "archive.zip.extra-field"),
    refused(20, "long-extra-field", extra(local_extra=b"UT\xff\0abc"), "archive.zip.extra-field"),
    refused(
        20, "stored-with-two-sizes", extra(method=STORED, local={"size": 9}, central={"size": 9}), "archive.zip.size"
    ),
    refused(20, "no-local-header", extra(central={"offset": 1}), "archive.zip.overlap"),
    refused(20, "descriptor-missing", extra(flags=UTF8 | DESCRIPTOR), "archive.zip.data-descriptor"),
    refused(
        20,
        "descriptor-lies",
        extra(flags=UTF8 | DESCRIPTOR, descriptor=descriptor(_BODY, 1)),
        "archive.zip.data-descriptor",
    ),
    refused(
        20,
        "descriptor-unsigned",
        extra(flags=UTF8 | DESCRIPTOR, descriptor=descriptor(_BODY, len(_PACKED), signature=b"")),
        "archive.zip.data-descriptor",
    ),
    refused(
        20,
        "descriptor-of-stored",
        extra(flags=UTF8 | DESCRIPTOR, method=STORED, descriptor=descriptor(_BODY, len(_BODY))),
        "archive.zip.data-descriptor",
    ),
    refused(20, "patched-data-flag", extra(flags=UTF8 | 0x20), "archive.zip.flags"),
    refused(21, "prepended", zipped(prefix=b"#!/bin/sh\n", relative=True), "archive.zip.prepended-data"),
    refused(21, "prepended-and-accounted", zipped(prefix=b"#!/bin/sh\n"), "archive.zip.prepended-data"),
    refused(21, "between-members", extra(gap_before=b"hidden"), "archive.zip.gap"),
    refused(
        21, "hidden-member", extra(gap_before=ZipFile(entries=(Entry(name="h.py"),)).build()[:34]), "archive.zip.gap"
    ),
    refused(21, "before-directory", zipped(before_directory=b"hidden"), "archive.zip.gap"),
    refused(21, "no-header-at-all", zipped(end={"count": 0, "here": 0, "size": 0}), "archive.zip.prepended-data"),
    refused(22, "appended", zipped(suffix=b"x" * 1000), "archive.zip.appended-data"),
    refused(22, "two-archives", (WHEEL, wheel() * 2), "archive.zip.prepended-data"),
    refused(22, "no-zip", (WHEEL, b"not a zip file at all, but longer than an end record"), "archive.zip.not-a-zip"),
    refused(22, "empty-file", (WHEEL, b""), "archive.zip.not-a-zip"),
    refused(22, "truncated", (WHEEL, wheel()[:-30]), "archive.zip.not-a-zip"),
    refused(23, "comment", zipped(comment=b"hello"), "archive.zip.comment"),
    refused(23, "zip-in-comment", _nested_comment(), "archive.zip.prepended-data"),
    refused(23, "comment-cut-short", (WHEEL, wheel()[:-2] + b"\5\0"), "archive.zip.comment"),
    refused(23, "member-comment", extra(comment=b"hello"), "archive.zip.comment"),
    refused(24, "directory-size-zero", zipped(end={"size": 0}), "archive.zip.prepended-data"),
    refused(24, "directory-beyond-end", zipped(end={"start": 0xFFFFFF}), "archive.zip.directory"),
    refused(24, "count-too-small", zipped(end={"count": 3, "here": 3}), "archive.zip.directory"),
    refused(24, "count-too-large", zipped(end={"count": 9, "here": 9}), "archive.zip.directory"),
    refused(24, "bytes-after-directory", zipped(after_directory=b"hidden"), "archive.zip.prepended-data"),
    refused(24, "entry-beyond-directory", _entry_beyond_directory(), "archive.zip.directory"),
    refused(25, "disk", zipped(end={"disk": 1, "directory_disk": 1}), "archive.zip.multi-disk"),
    refused(25, "entries-here", zipped(end={"here": 1}), "archive.zip.multi-disk"),
    refused(25, "member-disk", extra(central={"disk": 3}), "archive.zip.multi-disk"),
    refused(26, "traditional", extra(flags=UTF8 | 1), "archive.zip.encrypted"),
    refused(26, "strong", extra(flags=UTF8 | 0x41), "archive.zip.encrypted"),
    refused(26, "winzip-aes", extra(local_extra=struct.pack("<2H", 0x9901, 0)), "archive.zip.extra-field"),
    refused(27, "crc", extra(local={"crc": 1}, central={"crc": 1}), "archive.zip.crc"),
    refused(27, "stored-crc", extra(method=STORED, local={"crc": 1}, central={"crc": 1}), "archive.zip.crc"),
    refused(27, "deflate-garbage", extra(packed=b"\xff" * 20), "archive.zip.deflate"),
    refused(27, "deflate-cut-short", extra(packed=_PACKED[:-2]), "archive.zip.deflate"),
    refused(27, "deflate-too-short", extra(packed=deflate(_BODY[:-1])), "archive.zip.deflate"),
    refused(27, "after-deflate", extra(packed=_PACKED + b"hidden"), "archive.zip.deflate"),
    accepted(28, "date-zero", extra(local={"date": 0}, central={"date": 0xFFFF})),
    refused(
        29,
        "folder-with-data",
        whl(entries=[Entry(name="d/", data=_BODY, mode=0o40755)]),
        "archive.zip.folder-with-data",
    ),
    refused(30, "wheel-and-tar", _tar_too(), "archive.zip.also-tar"),
)
