"""Yanking (PEP 592) and deleting what is published: one file, or all files of a release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from packaging.version import InvalidVersion, Version
from sqlalchemy import exists, select

from index.accounts.permissions import Action
from index.owners.refusals import InvalidRequest, NotConfirmed, TargetUnknown
from index.publish.visible import visible_files
from index.store.blobs import BlobsUnreachable
from index.store.tables import File
from scanner.model import Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from index.owners.acting import Errand
    from index.services import Services
    from index.store.tables import Project

__all__ = ["LONGEST_REASON", "Target", "delete", "drop_bytes", "unyank", "yank"]

_log: Final = structlog.get_logger()

#: What the column holds, and a client prints on one line.
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is acted on: a file of a project, or a release of it."""

    project: str
    version: str = ""
    filename: str = ""
    """Where it is given, it alone names the target."""

    @property
    def confirmation(self) -> str:
        """What has to be typed to delete it."""
        return self.filename or f"{self.project} {self.version}"


def yank(errand: Errand, target: Target, *, reason: str) -> None:
    """Installers pass over the target unless it is asked for by its exact version; they show the reason.

    Raises:
        OwnerRefused: nothing was done.
    """
    reason = " ".join(reason.split())
    if len(reason) > LONGEST_REASON:
        raise InvalidRequest(f"The reason has {len(reason)} characters; {LONGEST_REASON} is the most.")
    _set_yanked(errand, target, yanked=True, reason=reason)


def unyank(errand: Errand, target: Target) -> None:
    """The target is offered like any other again.

    Raises:
        OwnerRefused: nothing was done.
    """
    _set_yanked(errand, target, yanked=False, reason="")


def delete(errand: Errand, target: Target, *, confirm: str) -> tuple[Sha256Hex, ...]:
    """The target is shown nowhere any more; the bytes that `drop_bytes` has to delete after the commit.

    Its filenames stay taken for ever, and its verdicts and the log stay as they are.

    Raises:
        OwnerRefused: nothing was done.
    """
    project = errand.project(target.project, Action.DELETE_FILES)
    files = _files(errand.session, project, target)
    if confirm.strip() != target.confirmation:
        raise NotConfirmed(target.confirmation)
    for file in files:
        file.deleted_at = errand.now
        errand.record("file.deleted", f"file:{file.filename}", evidence=file.sha256)
    what = target.filename or f"{project.display_name} {files[0].submission.release.version}"
    errand.tell(
        project,
        f"has deleted {what}. It cannot be installed any more, and the filenames stay taken.",
        filenames=sorted(file.filename for file in files),
    )
    errand.show(project, "file.deleted")
    return tuple(sorted({Sha256Hex(file.sha256) for file in files}))


def drop_bytes(services: Services, digests: Iterable[Sha256Hex]) -> None:
    """The stored bytes are gone, where no file that was not deleted has them.

    A transaction of its own, after the one that deleted the files: bytes that are gone cannot be rolled back.
    """
    with services.database.write() as session:
        for digest in sorted(digests):
            services.database.lock_artifact(session, digest)
            wanted = select(exists().where(File.sha256 == digest, File.deleted_at.is_(None)))
            if not session.scalar(wanted):
                try:
                    services.blobs.delete(digest)
                except BlobsUnreachable as error:  # the file is deleted all the same: nothing gives these bytes out
                    _log.error("blob.not_deleted", sha256=digest, error=str(error))


def _set_yanked(errand: Errand, target: Target, *, yanked: bool, reason: str) -> None:
    project = errand.project(target.project, Action.YANK)
    files = _files(errand.session, project, target)
    changed = [file for file in files if (file.yanked, file.yanked_reason) != (yanked, reason)]
    action = "file.yanked" if yanked else "file.unyanked"
    for file in changed:
        file.yanked, file.yanked_reason = yanked, reason
        errand.record(action, f"file:{file.filename}", evidence=file.sha256)
    if changed:
        errand.show(project, action)


def _files(session: Session, project: Project, target: Target) -> Sequence[File]:
    """The visible files that are meant.

    Raises:
        TargetUnknown: there is none.
    """
    files = visible_files(session, project.name)
    if target.filename:
        found = [file for file in files if file.filename == target.filename]
    else:
        found = [file for file in files if _same_version(file.submission.release.version, target.version)]
    if not found:
        named = target.filename or f"release {target.version!r}"
        raise TargetUnknown(f"{project.name} has no published {named}.")
    return found


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False
