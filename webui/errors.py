"""What went wrong, in a sentence that says what to do; never a word about what is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import g, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from webui.blueprint import NAME

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response

__all__ = ["install"]

_TOO_MANY: Final = 429
_TITLES: Final = {
    400: "That request could not be read",
    403: "You may not do this",
    404: "There is no such page",
    405: "This page does not take that",
    413: "That is too much at once",
    429: "Too many attempts",
    500: "Something broke on our side",
    503: "Not available just now",
}
_ADVICE: Final = {
    404: "Check the address. If you followed a link from this index, please tell its operator.",
    405: "Go back and use the form or the link on the page.",
    429: "Wait a minute, then try again.",
    500: "It is recorded under the number below. Try again, and tell the operator if it happens again.",
}


def install(app: Flask) -> None:
    """Pages for people answer errors with a page for people; what installers and uploaders read stays as it is."""
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _page)


def _expired(error: CSRFError) -> tuple[str, int]:
    """A form whose session is over. What was typed is shown again, so that it can be copied."""
    typed = request.form.get("reason", "")
    return render_template("expired.html", why=error.description, typed=typed), 400


def _page(error: HTTPException) -> Response | HTTPException | tuple[str, int]:
    ours = request.blueprint == NAME or (request.blueprint is None and request.accept_mimetypes.accept_html)
    code = error.code or 500
    if not ours or code < 400 or error.response is not None:  # noqa: PLR2004 # an error
        return error
    # The limiter's own words are its rule ("10 per 1 minute"), not what to do.
    own_words = None if code == _TOO_MANY or error.description == type(error).description else error.description
    return render_template(
        "error.html",
        code=code,
        title=_TITLES.get(code, error.name),
        advice=own_words or _ADVICE.get(code, error.description or ""),
        request_id=g.get("request_id", ""),
    ), code
