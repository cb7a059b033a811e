"""The form beside the file: what the client says about it must be what it says itself.

Only what decides where the file goes is compared: name, version and kind. The other fields are never used, so a
client that gets them wrong does no harm: flit sends a fixed metadata version, twine rewrites names, uv sends empty
fields, and each of them has its own idea of `pyversion`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from index.upload.faults import Code, fault
from scanner.archive.faults import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.upload.form import UploadForm
    from scanner.archive.faults import Fault

__all__ = ["form_faults"]


def form_faults(form: UploadForm, *, project: str, version: str, packagetype: str) -> Iterator[Fault]:
    """Where the form contradicts the file, whose normalized name, version and kind are given."""
    name, said, filetype = form.first("name"), form.first("version"), form.first("filetype")
    if name and canonicalize_name(name) != project:
        yield fault(Code.NAME_MISMATCH, f"The form says name {shown(name)}, and the file says {project!r}.")
    if said and not _same_version(said, version):
        yield fault(Code.VERSION_MISMATCH, f"The form says version {shown(said)}, and the file says {version!r}.")
    if filetype and filetype != packagetype:
        yield fault(
            Code.FILETYPE_MISMATCH, f"The form says filetype {shown(filetype)}, and the file is a {packagetype!r}."
        )


def _same_version(said: str, version: str) -> bool:
    try:
        return Version(said) == Version(version)
    except InvalidVersion:
        return False
