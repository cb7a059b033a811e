"""Why an action is not done: each refusal has a stable code, a status and a sentence that says what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from index.accounts.permissions import Action

__all__ = [
    "InvalidRequest",
    "NotAllowed",
    "NotConfirmed",
    "OwnerRefused",
    "ProjectUnknown",
    "TargetUnknown",
    "TokenMissing",
]


class OwnerRefused(Exception):
    """Nothing was done. `.message` is for the person."""

    code: ClassVar[str]
    status: ClassVar[HTTPStatus]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TokenMissing(OwnerRefused):
    """The request proves nobody."""

    code = "token-missing"
    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__("This needs a living API token: `Authorization: Bearer TOKEN`.")


class ProjectUnknown(OwnerRefused):
    """There is no such project, or none that they may know of: the answers are the same."""

    code = "project-unknown"
    status = HTTPStatus.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no project of that name that you may manage.")


class TargetUnknown(OwnerRefused):
    """The project has no such published release or file, or no such member."""

    code = "target-unknown"
    status = HTTPStatus.NOT_FOUND


class NotAllowed(OwnerRefused):
    """They may manage the project, and not do this."""

    code = "not-allowed"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, action: Action) -> None:
        super().__init__(f"Your part in this project does not allow this ({action}). Ask one of its owners.")


class NotConfirmed(OwnerRefused):
    """What was typed is not what is to be deleted."""

    code = "not-confirmed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, expected: str) -> None:
        super().__init__(f"To confirm, type exactly: {expected}")


class InvalidRequest(OwnerRefused):
    """It cannot be done to what is there."""

    code = "invalid-request"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
