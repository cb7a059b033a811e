"""Style sheet, script and pictures under names that change with their bytes, so that browsers may keep them."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import request, url_for

if TYPE_CHECKING:
    from flask import Flask, Response

__all__ = ["asset", "install"]

_FOLDER: Final = Path(__file__).parent / "static"
_STATIC: Final = "people.static"


def asset(filename: str) -> str:
    """The address of a static file, with a piece of its SHA-256."""
    return url_for(_STATIC, filename=filename, v=_version(filename))


@cache
def _version(filename: str) -> str:
    return sha256((_FOLDER / filename).read_bytes()).hexdigest()[:12]


def install(app: Flask) -> None:
    """Templates know `asset`, and what is asked for with its current version may be kept for a year."""
    app.jinja_env.globals["asset"] = asset

    def _keep(response: Response) -> Response:
        if request.endpoint == _STATIC and response.status_code < 400:  # noqa: PLR2004 # a success
            filename = (request.view_args or {}).get("filename", "")
            fresh = request.args.get("v") == _version(filename)
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-cache"
        return response

    app.after_request(_keep)
