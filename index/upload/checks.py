"""The checks of one upload that need no database: what the client asks for, digests, classifiers, platform tags."""

from __future__ import annotations

import hashlib
import hmac
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from trove_classifiers import classifiers as known_classifiers

from index.upload.faults import Code, fault, refuse
from scanner.archive.faults import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Protocol

    from index.upload.form import UploadForm
    from scanner.archive.faults import Fault
    from scanner.archive.filenames import DistributionFilename

    class _Buffer(Protocol):
        def __buffer__(self, flags: int, /) -> memoryview: ...


__all__ = ["classifier_faults", "digest_faults", "request_faults", "require_upload", "tag_faults"]

_ACTION: Final = "file_upload"
_GONE: Final = frozenset({"submit", "submit_pkg_info", "doc_upload"})

#: Field → length of its hexadecimal text.
_DIGESTS: Final = {"sha256_digest": 64, "blake2_256_digest": 64, "md5_digest": 32}
_STRONG: Final = ("sha256_digest", "blake2_256_digest")


def require_upload(action: str) -> None:
    """The client asks for an upload, not for one of the things that old tools could ask for.

    Raises:
        UploadRefused: 410 for what is long gone, 400 for what never was.
    """
    if action in _GONE:
        raise refuse(Code.ACTION_GONE, f"':action' {action!r} is no longer served: upload your files.", HTTPStatus.GONE)
    if action != _ACTION:
        got = shown(action) if action else "nothing"
        raise refuse(Code.ACTION_UNKNOWN, f"The form's ':action' is {got}, expected {_ACTION!r}.")


def request_faults(form: UploadForm) -> Iterator[Fault]:
    """What is wrong with the form itself."""
    protocol = form.first("protocol_version")
    if protocol not in {"", "1"}:
        yield fault(Code.PROTOCOL_VERSION, f"The form's 'protocol_version' is {shown(protocol)}, expected '1'.")
    for name in ("name", "version", "filetype"):
        if not form.first(name):
            yield fault(Code.FIELD_MISSING, f"The form has no {name!r}.")


def digest_faults(form: UploadForm, data: _Buffer) -> Iterator[Fault]:
    """Digests of the form that are none, or that are not those of the bytes which came."""
    sent = {name: form.first(name).lower() for name in _DIGESTS}
    if not any(sent[name] for name in _STRONG):
        yield fault(Code.DIGEST_MISSING, "The form has no digest of the file: send 'sha256_digest'.")
    for name, length in _DIGESTS.items():
        if not sent[name]:
            continue
        if not re.fullmatch(rf"[0-9a-f]{{{length}}}", sent[name]):
            yield fault(
                Code.DIGEST_MALFORMED,
                f"The form's {name!r} is {shown(sent[name])}, expected {length} hexadecimal digits.",
            )
        elif not hmac.compare_digest(sent[name], computed := _computed(name, form, data)):
            yield fault(
                Code.DIGEST_MISMATCH,
                f"The form's {name!r} is {sent[name]}, and the file that came has {computed}. Send it again.",
            )


def _computed(name: str, form: UploadForm, data: _Buffer) -> str:
    if name == "md5_digest":  # only poetry and flit send it; it proves nothing, so only who sends it pays for it
        return hashlib.md5(data, usedforsecurity=False).hexdigest()
    return form.content.sha256 if name == "sha256_digest" else form.content.blake2_256


def classifier_faults(classifiers: Iterable[str]) -> Iterator[Fault]:
    """Classifiers that the trove does not know, and those that mean "do not upload". Deprecated ones are known."""
    for classifier in classifiers:
        if classifier.startswith("Private ::"):
            yield fault(
                Code.CLASSIFIER_PRIVATE,
                f"The classifier {shown(classifier)} says that this package is not for upload: remove it, or keep it.",
            )
        elif classifier not in known_classifiers:
            yield fault(Code.CLASSIFIER_UNKNOWN, f"{shown(classifier)} is not a valid classifier.")


_MAC: Final = "ppc|ppc64|i386|x86_64|arm64|intel|fat|fat3|fat64|universal|universal2"
_LINUX: Final = "x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64|loongarch64"

#: Platforms whose name says enough for an installer to decide. A bare `linux_x86_64` does not: it promises no libc.
_PLATFORM: Final = re.compile(
    rf"""any
    | win32 | win_(?:amd64|arm64|ia64)
    | manylinux1_(?:x86_64|i686) | manylinux2010_(?:x86_64|i686)
    | manylinux2014_(?:x86_64|i686|aarch64|armv7l|ppc64|ppc64le|s390x)
    | (?:many|musl)linux_[0-9]+_[0-9]+_(?:{_LINUX}|ppc64)
    | linux_armv[67]l
    | macosx_[0-9]+_[0-9]+_(?:{_MAC})
    | ios_[0-9]+_[0-9]+_(?:arm64|x86_64)_iphone(?:os|simulator)
    | android_[0-9]+_(?:armeabi_v7a|arm64_v8a|x86|x86_64)
    | pyemscripten_[0-9]+_[0-9]+_wasm32
    """,
    re.VERBOSE | re.ASCII,
)


def tag_faults(filename: DistributionFilename) -> Iterator[Fault]:
    """Platform tags of a wheel for which no installer can tell whether the wheel runs."""
    for platform in sorted({tag.rpartition("-")[2] for tag in filename.tags}):
        if not _PLATFORM.fullmatch(platform):
            yield fault(
                Code.PLATFORM_TAG,
                f"Binary wheel {shown(filename.filename)} has an unsupported platform tag {shown(platform)}.",
            )
