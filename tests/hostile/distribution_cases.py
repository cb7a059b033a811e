"""Artifacts whose archive is sound and whose metadata or RECORD are not."""

from __future__ import annotations

import hashlib
import random
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final

from scanner.archive import Limits
from tests.hostile.case import Case, accepted, refused
from tests.hostile.dist_builder import (
    INFO,
    METADATA,
    MODULE,
    SDIST,
    SOURCE,
    TOP,
    WHEEL,
    WHEEL_FILE,
    record,
    sdist,
    wheel,
)
from tests.hostile.tar_builder import gz, member, tar
from tests.hostile.zip_builder import Entry, ZipFile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DISTRIBUTION_CASES"]

_CONTENTS: Final = {MODULE: SOURCE, f"{INFO}/METADATA": METADATA, f"{INFO}/WHEEL": WHEEL_FILE}
_NOISE: Final = random.Random(1).randbytes(1 << 20).hex().encode()
_SELF: Final = f"{INFO}/RECORD,,\n"


def whl(files: Mapping[str, bytes] | None = None, **options: Any) -> tuple[str, bytes]:
    return WHEEL, wheel(files, **options)


def tgz(*parts: bytes, **options: Any) -> tuple[str, bytes]:
    return SDIST, sdist(*parts, **options)


def metadata(*lines: str, body: str = "", version: str = "2.4") -> bytes:
    head = [f"Metadata-Version: {version}", "Name: demo-pkg", "Version: 1.0", *lines]
    return ("\n".join(head) + "\n\n" + body).encode("utf-8", "surrogateescape")


def recorded(
    row: str | None = None, *, extra: str = _SELF, files: Mapping[str, bytes] = _CONTENTS
) -> tuple[str, bytes]:
    """A wheel whose RECORD has `row` for the module, and `extra` at its end."""
    return whl(raw_record=record(files, replace=None if row is None else {MODULE: row}, extra=extra))


def without(name: str) -> tuple[str, bytes]:
    """A wheel without the file `name`, whose RECORD does not list it."""
    contents = {key: value for key, value in _CONTENTS.items() if not key.endswith(name)}
    contents[f"{INFO}/RECORD"] = record(contents, extra=_SELF)
    return WHEEL, ZipFile(
        entries=tuple(Entry(name=key, data=value) for key, value in contents.items() if not key.endswith(name))
    ).build()


def _hash(algorithm: str) -> str:
    return urlsafe_b64encode(hashlib.new(algorithm, SOURCE).digest()).rstrip(b"=").decode()


_SDISTS: Final[tuple[Case, ...]] = (
    refused(39, "two-top-folders", tgz(member("other/a.py")), "archive.sdist.top-folder"),
    refused(39, "file-at-the-top", tgz(member("setup.py")), "archive.sdist.top-folder"),
    refused(
        39,
        "other-top-folder",
        (SDIST, gz(tar(member("demo-1.0/PKG-INFO", METADATA)))),
        "archive.sdist.top-folder",
    ),
    refused(
        39,
        "top-folder-of-another-version",
        (SDIST, gz(tar(member("demo_pkg-2.0/PKG-INFO", METADATA)))),
        "archive.sdist.top-folder",
    ),
    refused(
        39,
        "top-folder-without-version",
        (SDIST, gz(tar(member("demo_pkg/PKG-INFO", METADATA)))),
        "archive.sdist.top-folder",
    ),
    accepted(39, "top-folder-in-another-spelling", (SDIST, gz(tar(member("Demo.Pkg-1.0/PKG-INFO", METADATA))))),
    refused(
        39, "no-folder", (SDIST, gz(tar(member(TOP, b"x")))), "archive.sdist.top-folder", "archive.metadata.missing"
    ),
    refused(39, "nothing", (SDIST, gz(tar())), "archive.sdist.top-folder", "archive.metadata.missing"),
    refused(39, "no-pkg-info", tgz(metadata=None), "archive.metadata.missing"),
    refused(
        39,
        "pkg-info-is-a-link",
        tgz(member(f"{TOP}/PKG-INFO", kind=b"2", target="demo_pkg/__init__.py"), metadata=None),
        "archive.metadata.missing",
    ),
    refused(40, "name", tgz(metadata=METADATA.replace(b"demo-pkg", b"other")), "archive.metadata.name"),
    refused(40, "version", tgz(metadata=METADATA.replace(b"1.0", b"1.1")), "archive.metadata.version"),
    accepted(
        40, "another-spelling", tgz(metadata=METADATA.replace(b"demo-pkg", b"Demo.PKG").replace(b"1.0", b"1.0.0"))
    ),
    accepted(41, "setup-py-alone", tgz(member(f"{TOP}/setup.py", b"import os\n"))),
    refused(
        49, "license-file-missing", tgz(metadata=metadata("License-File: LICENSE")), "archive.metadata.license-file"
    ),
    accepted(
        49, "license-file-there", tgz(member(f"{TOP}/LICENSE", b"free"), metadata=metadata("License-File: LICENSE"))
    ),
    refused(50, "pkg-info-too-large", tgz(metadata=METADATA + _NOISE), "archive.metadata.too-large"),
)

_WHEELS: Final[tuple[Case, ...]] = (
    refused(43, "no-wheel", without("WHEEL"), "archive.wheel.wheel-file"),
    refused(43, "no-metadata", without("METADATA"), "archive.metadata.missing"),
    refused(43, "no-record", without("RECORD"), "archive.record.missing"),
    refused(43, "second-dist-info", whl({"other-1.0.dist-info/METADATA": b""}), "archive.wheel.dist-info"),
    refused(
        43,
        "second-dist-info-folder",
        whl(entries=[Entry(name="x-1.dist-info/", mode=0o40755)]),
        "archive.wheel.dist-info",
    ),
    refused(43, "other-data-folder", whl({"evil.data/scripts/pip": b""}), "archive.wheel.data-folder"),
    accepted(43, "own-data-folder", whl({f"{TOP}.data/scripts/demo": b"#!python\n"})),
    refused(43, "wheel-version", whl(wheel_file=WHEEL_FILE.replace(b"1.0", b"2.0")), "archive.wheel.wheel-file"),
    refused(43, "purelib-twice", whl(wheel_file=WHEEL_FILE + b"Root-Is-Purelib: false\n"), "archive.wheel.wheel-file"),
    refused(43, "purelib-maybe", whl(wheel_file=WHEEL_FILE.replace(b"true", b"maybe")), "archive.wheel.wheel-file"),
    refused(43, "entry-points-not-ini", whl({f"{INFO}/entry_points.txt": b"x = 1\n"}), "archive.wheel.entry-points"),
    refused(
        43,
        "entry-points-not-utf-8",
        whl({f"{INFO}/entry_points.txt": b"[a]\n\xff = 1\n"}),
        "archive.wheel.entry-points",
    ),
    refused(
        43,
        "command-with-path",
        whl({f"{INFO}/entry_points.txt": b"[console_scripts]\n../sh = a:b\n"}),
        "archive.wheel.entry-points",
    ),
    refused(
        43,
        "command-of-dots",
        whl({f"{INFO}/entry_points.txt": b"[gui_scripts]\n.. = a:b\n"}),
        "archive.wheel.entry-points",
    ),
    accepted(43, "entry-points", whl({f"{INFO}/entry_points.txt": b"[console_scripts]\nDemo-x.y = a:b [c]\n"})),
    refused(44, "hash", recorded(f"{MODULE},sha256=AAAA,{len(SOURCE)}\n"), "archive.record.hash"),
    refused(44, "no-hash", recorded(f"{MODULE},,\n"), "archive.record.hash"),
    refused(44, "md5", recorded(f"{MODULE},md5={_hash('md5')},{len(SOURCE)}\n"), "archive.record.hash"),
    accepted(44, "sha512", recorded(f"{MODULE},sha512={_hash('sha512')},{len(SOURCE)}\n")),
    accepted(44, "no-size", recorded(f"{MODULE},sha256={_hash('sha256')},\n")),
    refused(44, "size", recorded(f"{MODULE},sha256={_hash('sha256')},999\n"), "archive.record.size"),
    refused(
        44, "unlisted-file", whl(entries=[Entry(name="evil.pth", data=b"import os")]), "archive.record.unlisted-file"
    ),
    refused(44, "absent-file", recorded(extra=f"{_SELF}gone.py,sha256=AAAA,0\n"), "archive.record.absent-file"),
    refused(44, "row-twice", recorded(extra=f"{_SELF}{MODULE},sha256={_hash('sha256')},\n"), "archive.record.invalid"),
    refused(44, "two-columns", recorded(extra=f"{_SELF}a,b\n"), "archive.record.invalid"),
    refused(44, "not-csv", recorded(extra=_SELF + '"open\n'), "archive.record.invalid"),
    refused(44, "not-utf-8", whl(raw_record=b"\xff,,\n"), "archive.record.invalid", "archive.record.unlisted-file"),
    refused(
        44,
        "too-many-rows",
        recorded(extra="\n" * 9 + _SELF),
        "archive.record.invalid",
        "archive.record.unlisted-file",
        limits=Limits(members=8),
    ),
    refused(45, "own-hash", recorded(extra=f"{INFO}/RECORD,sha256=AAAA,9\n"), "archive.record.invalid"),
    refused(45, "does-not-list-itself", recorded(extra=""), "archive.record.unlisted-file"),
    refused(45, "jws", whl({f"{INFO}/RECORD.jws": b"{}"}), "archive.record.signature"),
    refused(45, "p7s", whl({f"{INFO}/RECORD.p7s": b""}), "archive.record.signature"),
    refused(46, "name", whl(metadata=METADATA.replace(b"demo-pkg", b"other")), "archive.metadata.name"),
    refused(46, "version", whl(metadata=METADATA.replace(b"1.0", b"2.0")), "archive.metadata.version"),
    refused(
        46,
        "several-faults-at-once",
        whl(
            {f"{INFO}/RECORD.jws": b"", "evil.data/x": b""},
            wheel_file=b"",
            metadata=METADATA.replace(b"1.0", b"2.0").replace(b"demo-pkg", b"other"),
        ),
        "archive.metadata.name",
        "archive.metadata.version",
        "archive.record.signature",
        "archive.wheel.data-folder",
        "archive.wheel.wheel-file",
    ),
    refused(50, "record-too-large", whl(), "archive.metadata.too-large", limits=Limits(record_size=100)),
    refused(50, "metadata-too-large", whl(metadata=METADATA + _NOISE), "archive.metadata.too-large"),
)


def _bad(id_: str, *lines: str, number: int = 49, code: str = "archive.metadata.invalid", version: str = "2.4") -> Case:
    return refused(number, id_, whl(metadata=metadata(*lines, version=version)), code)


_METADATA: Final[tuple[Case, ...]] = (
    _bad("metadata-version", version="9.9"),
    refused(49, "empty", whl(metadata=b""), "archive.metadata.invalid"),
    refused(
        49,
        "name-twice",
        whl(metadata=METADATA.replace(b"Summary", b"Name: other\nSummary")),
        "archive.metadata.invalid",
    ),
    refused(49, "not-utf-8", whl(metadata=METADATA + b"\xff"), "archive.metadata.invalid"),
    refused(
        49, "field-not-utf-8", whl(metadata=METADATA.replace(b"demonstration", b"\xff")), "archive.metadata.invalid"
    ),
    _bad("unknown-field", "X-Evil: yes"),
    _bad("multipart", 'Content-Type: multipart/mixed; boundary="x"'),
    _bad("license-expression", "License-Expression: Evil-1.0"),
    _bad("license-file-parent", "License-File: ../../etc/passwd"),
    _bad("license-file-absolute", "License-File: /etc/passwd"),
    _bad("requires-python", "Requires-Python: later"),
    _bad("requires-dist", "Requires-Dist: not a requirement"),
    _bad("extra", "Provides-Extra: -bad-"),
    _bad("dynamic-name", "Dynamic: name"),
    _bad("content-type", "Description-Content-Type: text/html"),
    _bad("license-file-missing", "License-File: LICENSE", code="archive.metadata.license-file"),
    accepted(
        49, "license-file-there", whl({f"{INFO}/licenses/LICENSE": b"free"}, metadata=metadata("License-File: LICENSE"))
    ),
    accepted(49, "license-file-before-its-time", whl(metadata=metadata("License-File: LICENSE", version="2.1"))),
    accepted(49, "field-before-its-time", whl(metadata=metadata("Description-Content-Type: UNKNOWN", version="1.1"))),
    _bad("too-many-fields", *["Classifier: x"] * 2001, number=50, code="archive.metadata.too-large"),
    _bad("huge-field", "Keywords: " + "x" * 300_000, number=50, code="archive.metadata.too-large"),
    _bad("huge-folded-field", "Keywords: x\n" + " xx\n" * 100_000 + " x", number=50, code="archive.metadata.too-large"),
    refused(50, "nul", whl(metadata=METADATA + b"\0"), "archive.metadata.characters"),
    refused(
        50,
        "escape-in-field",
        whl(metadata=METADATA.replace(b"demonstration", b"\x1b[2J")),
        "archive.metadata.characters",
    ),
    _bad("url", "Requires-Dist: a @ https://example.org/a.whl", number=51, code="archive.metadata.url-requirement"),
    _bad("file-url", "Requires-Dist: a @ file:///etc/passwd", number=51, code="archive.metadata.url-requirement"),
    _bad("marker-parentheses", f'Requires-Dist: a; {"(" * 1900}os_name=="x"{")" * 1900}', number=52),
    _bad("license-parentheses", f"License-Expression: {'(' * 1900}MIT{')' * 1900}", number=52),
    _bad("endless-requirement", "Requires-Dist: a" + ">=1," * 2000, number=52, code="archive.metadata.too-large"),
    refused(
        52,
        "version-of-digits",
        whl(metadata=METADATA.replace(b"1.0", b"1." + b"1" * 200_000)),
        "archive.metadata.too-large",
    ),
    refused(
        52,
        "nested-multipart",
        whl(metadata=b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n" * 20_000),
        "archive.metadata.invalid",
    ),
)

DISTRIBUTION_CASES: Final = _SDISTS + _WHEELS + _METADATA
