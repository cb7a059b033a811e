"""What every answer tells the browser not to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request

if TYPE_CHECKING:
    from flask import Flask, Response

__all__ = ["PAGE_POLICY", "install"]

#: Nothing but our own style sheet, script and pictures; no inline code; DOM sinks take no strings.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)

#: For what installers read: a page of links needs nothing at all.
_BARE_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"

_PAGE_HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def install(app: Flask, people: str) -> None:
    """Every answer of `app` has its headers; pages of the blueprint `people` are never kept by a cache."""

    def _add(response: Response) -> Response:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if request.blueprint in (None, people):
            for name, value in _PAGE_HEADERS.items():
                response.headers.setdefault(name, value)
            if request.endpoint != f"{people}.static":
                response.headers["Cache-Control"] = "no-store"
        else:
            response.headers.setdefault("Content-Security-Policy", _BARE_POLICY)
        return response

    app.after_request(_add)
