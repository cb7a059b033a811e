"""Who uploads: an API token, as the password of `__token__` or as a bearer, checked before the body is read."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from index.accounts.tokens import authenticate, is_alive
from index.store.tables import Scope, User
from index.upload.faults import Code, refuse

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session
    from werkzeug.datastructures import Authorization

    from index.accounts.permissions import Person

__all__ = ["Uploader", "current_user", "identify", "require_scope"]

_USER: Final = "__token__"
_DEAD: Final = "The API token is unknown, revoked or expired. Make another one and try again."


@dataclass(frozen=True, slots=True)
class Uploader:
    """Whom a living token acts for; or the person in whose name the operator of the machine imports."""

    token_id: int | None
    """None: the operator of the machine acts, who needs no token."""
    user: Person
    """Without any role."""
    project: str | None
    """The only project that the token may upload to; None for all of its owner's."""

    @property
    def actor(self) -> str:
        """Its name in the log."""
        return f"token:{self.token_id}" if self.token_id is not None else "system:operator"


def identify(session: Session, authorization: Authorization | None, *, now: datetime) -> Uploader:
    """The uploader that the `Authorization` header proves.

    Raises:
        UploadRefused: 401, because it proves none; 403, because its token only reads.
    """
    token = authenticate(session, _secret(authorization), now=now, scope=Scope.READ)
    if token is None:
        raise refuse(Code.CREDENTIALS_INVALID, _DEAD, HTTPStatus.UNAUTHORIZED)
    if token.scope != Scope.UPLOAD:
        raise refuse(Code.TOKEN_SCOPE, "This token only reads. Use one that uploads.", HTTPStatus.FORBIDDEN)
    return Uploader(token_id=token.id, user=token.user, project=token.project)


def _secret(authorization: Authorization | None) -> str:
    if authorization is not None and authorization.type == "bearer" and authorization.token:
        return authorization.token
    if authorization is None or authorization.type != "basic" or not authorization.password:
        raise refuse(
            Code.CREDENTIALS_MISSING,
            f"An upload needs an API token: user name {_USER}, and the token as the password.",
            HTTPStatus.UNAUTHORIZED,
        )
    if authorization.username != _USER:
        raise refuse(
            Code.CREDENTIALS_INVALID,
            f"Uploading with a user name and a password is not possible. Use {_USER} as the user name and an API "
            "token as the password.",
            HTTPStatus.UNAUTHORIZED,
        )
    return authorization.password


def current_user(session: Session, uploader: Uploader, *, now: datetime) -> Person:
    """The uploader's account, if the token still lives: reading a large body takes a while.

    Raises:
        UploadRefused: 401, because the token died meanwhile.
    """
    if uploader.token_id is not None:
        is_known = is_alive(session, uploader.token_id, now=now)
    else:
        user = session.get(User, uploader.user.id)
        is_known = user is not None and user.active
    if not is_known:
        raise refuse(Code.CREDENTIALS_INVALID, _DEAD, HTTPStatus.UNAUTHORIZED)
    return uploader.user


def require_scope(uploader: Uploader, project: str) -> None:
    """The token may act for `project` (normalized).

    Raises:
        UploadRefused: 403, because it is made for another one.
    """
    if uploader.project is not None and uploader.project != project:
        raise refuse(
            Code.TOKEN_SCOPE,
            f"This token may upload to {uploader.project!r} only, and this file belongs to {project!r}.",
            HTTPStatus.FORBIDDEN,
        )
