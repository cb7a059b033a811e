"""Views say which action they are; this asks the one table of permissions before they run."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from flask import abort, redirect, request, url_for

from index.accounts.permissions import Action, may
from webui.sessions import current_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.accounts.permissions import Person

__all__ = ["action_of", "mark", "needs", "signed_in"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_MARK = "pratique_action"


def needs(action: Action) -> Callable[[Callable[_P, _R]], Callable[_P, Any]]:
    """A view that only runs for whom `action` is allowed everywhere.

    Everybody else is asked to sign in, or told that they may not. Views whose permission depends on the project ask
    `may` themselves, with the person's part in it, and are marked with `mark`.
    """

    def decorate(view: Callable[_P, _R]) -> Callable[_P, Any]:
        @wraps(view)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> Any:
            person = current_person()
            if person is None:
                return redirect(url_for("people.sign_in", next=_here()), 303)
            if not may(person, action):
                abort(403, _why_not(person, action))
            return view(*args, **kwargs)

        setattr(guarded, _MARK, action)
        return guarded

    return decorate


def signed_in() -> Person:
    """The person whom a guarded view serves."""
    person = current_person()
    assert person is not None  # noqa: S101 # `needs` has let nobody else in
    return person


def mark(action: Action) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """A view that asks `may` about `action` by itself, because the answer depends on what is looked at."""

    def decorate(view: Callable[_P, _R]) -> Callable[_P, _R]:
        setattr(view, _MARK, action)
        return view

    return decorate


def action_of(view: Callable[..., object]) -> Action | None:
    """The action that `view` is guarded by."""
    return getattr(view, _MARK, None)


def _here() -> str | None:
    """The path to come back to after signing in; nowhere for a form that was sent."""
    return request.full_path.rstrip("?") if request.method == "GET" else None


def _why_not(person: Person, action: Action) -> str:
    if not person.second_factor and person.roles:
        return (
            "Your roles count only with a second factor, and your account has none. "
            f"Ask an operator to run: pratique user reset {person.username}"
        )
    return f"Your account may not do this ({action}). Ask an administrator if you should."
