"""Why a file is not taken: each refusal has a stable code and the sentence that the uploader reads."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["BytesRejected", "FilenameTaken", "IntakeRefused", "NameReserved", "NotPermitted", "SessionUnderWay"]


class IntakeRefused(Exception):
    """The file is not taken, and nothing was written."""

    code: ClassVar[str]
    status: ClassVar[int]
    """The HTTP status that says it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BytesRejected(IntakeRefused):
    """These bytes were rejected; they are refused under any name."""

    code = "rejected-bytes"
    status = 403

    def __init__(self, sha256: str) -> None:
        super().__init__(f"These bytes (SHA-256 {sha256}) were rejected and are not accepted under any name.")


class FilenameTaken(IntakeRefused):
    """The filename is in use, by other bytes or by what was withdrawn or deleted."""

    code = "duplicate-file"
    status = 409

    def __init__(self, filename: str, sha256: str) -> None:
        # Clients that skip what exists look for the beginning of this sentence.
        super().__init__(f"File already exists ({filename!r}, with SHA-256 {sha256}). Upload it under a new version.")


class NameReserved(IntakeRefused):
    """The name belongs to a first release that is held: the answer does not say so."""

    code = "name-not-allowed"
    status = 400

    def __init__(self, name: str) -> None:
        super().__init__(f"The name {name!r} isn't allowed.")


class NotPermitted(IntakeRefused):
    """The uploader is neither owner nor maintainer of the project."""

    code = "permission-denied"
    status = 403

    def __init__(self, username: str, project: str) -> None:
        super().__init__(f"The user {username!r} isn't allowed to upload to project {project!r}.")


class SessionUnderWay(IntakeRefused):
    """A publishing session fills the release: nothing comes into it from elsewhere."""

    code = "session-under-way"
    status = 409

    def __init__(self, project: str, version: str) -> None:
        super().__init__(
            f"Release {version} of {project!r} is in a publishing session. Publish or cancel that session first, or "
            "add the file to it."
        )
