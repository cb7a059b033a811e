"""The name of an uploaded file: what it promises, in the one spelling that is accepted (PEP 427, PEP 625)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NoReturn

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from scanner.archive.codes import Code
from scanner.archive.faults import ArchiveRefused, Fault, shown
from scanner.archive.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from packaging.version import Version

__all__ = ["DistributionFilename", "parse_filename"]

_CHARACTERS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*", re.ASCII)
_WHEEL: Final = ".whl"
_SDIST: Final = ".tar.gz"
_WHEEL_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class DistributionFilename:
    """A filename in its normalized spelling, and what it says.

    `name` is normalized by PEP 503, `version` canonical by PEP 440. `tags` are the compatibility tags that the name
    expands to (`cp311-cp311-win_amd64`), empty for an sdist. `python_tag` is what an upload form calls `pyversion`.
    """

    filename: str
    packagetype: Literal["bdist_wheel", "sdist"]
    name: NormalizedName
    version: str
    tags: frozenset[str] = frozenset()
    python_tag: str = "source"
    build: str = ""

    @property
    def is_wheel(self) -> bool:
        """True for a wheel, false for an sdist."""
        return self.packagetype == "bdist_wheel"

    @property
    def stem(self) -> str:
        """`{name}-{version}` as folders inside the archive are named, the name escaped by PEP 427."""
        return f"{self.name.replace('-', '_')}-{self.version}"


def parse_filename(filename: str, limits: Limits = DEFAULT_LIMITS) -> DistributionFilename:
    """What the name of a wheel or of a gzipped sdist says.

    Raises:
        ArchiveRefused: it is neither, is not spelled in the normalized form, or expands to too many tags.
    """
    if len(filename) > limits.filename_length or not _CHARACTERS.fullmatch(filename):
        _refuse(
            Code.FILENAME_CHARACTERS,
            f"The filename {shown(filename)} is longer than {limits.filename_length} characters, or holds "
            "others than ASCII letters, digits, '.', '_', '-', '+' and '!', or does not start with a letter or digit.",
        )
    if filename.endswith(_WHEEL):
        parsed = _parse_wheel(filename, limits)
    elif filename.endswith(_SDIST):
        parsed = _parse_sdist(filename)
    else:
        _refuse(
            Code.FILENAME_EXTENSION,
            f"The filename {shown(filename)} ends in neither '.whl' nor '.tar.gz'; send a wheel or a gzipped sdist.",
        )
    return parsed


def _parse_wheel(filename: str, limits: Limits) -> DistributionFilename:
    python, abi, platform = _tag_parts(filename)
    count = (python.count(".") + 1) * (abi.count(".") + 1) * (platform.count(".") + 1)
    # Counted before anything expands them: three short lists multiply to a great many tags.
    if count > limits.tags:
        _refuse(
            Code.FILENAME_TOO_MANY_TAGS,
            f"The filename {shown(filename)} stands for {count} compatibility tags; at most {limits.tags} are "
            "accepted.",
        )
    try:
        name, version, build, tags = parse_wheel_filename(filename)
    except (InvalidWheelFilename, ValueError) as error:
        _refuse(
            Code.FILENAME_MALFORMED,
            f"The wheel filename {shown(filename)} is not of the form name-version[-build]-python-abi-platform.whl: "
            f"{shown(str(error), 200)}.",
        )
    parts = filename.split("-")
    _require_normalized(filename, "-".join(parts[:2]), name, version)
    return DistributionFilename(
        filename=filename,
        packagetype="bdist_wheel",
        name=name,
        version=str(version),
        tags=frozenset(map(str, tags)),
        python_tag=python,
        build=f"{build[0]}{build[1]}" if build else "",
    )


def _tag_parts(filename: str) -> tuple[str, str, str]:
    parts = filename.removesuffix(_WHEEL).split("-")
    if len(parts) not in {_WHEEL_PARTS, _WHEEL_PARTS + 1}:
        _refuse(
            Code.FILENAME_MALFORMED,
            f"The wheel filename {shown(filename)} has {len(parts)} parts between hyphens; "
            "name-version[-build]-python-abi-platform.whl has five or six.",
        )
    python, abi, platform = parts[-3:]
    return python, abi, platform


def _parse_sdist(filename: str) -> DistributionFilename:
    try:
        name, version = parse_sdist_filename(filename)
    except (InvalidSdistFilename, ValueError) as error:
        _refuse(
            Code.FILENAME_MALFORMED,
            f"The sdist filename {shown(filename)} is not of the form name-version.tar.gz: {shown(str(error), 200)}.",
        )
    _require_normalized(filename, filename.removesuffix(_SDIST), name, version)
    return DistributionFilename(filename=filename, packagetype="sdist", name=name, version=str(version))


def _require_normalized(filename: str, got: str, name: NormalizedName, version: Version) -> None:
    expected = f"{name.replace('-', '_')}-{version}"
    if got != expected:
        _refuse(
            Code.FILENAME_NOT_NORMALIZED,
            f"The filename {shown(filename)} starts with {shown(got)}; the normalized form is {shown(expected)}. "
            "Build with a current version of your build tool.",
        )


def _refuse(code: Code, message: str) -> NoReturn:
    # No chain: what packaging says is in the message.
    raise ArchiveRefused([Fault(code.value, message)]) from None
