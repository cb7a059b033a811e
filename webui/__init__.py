"""Pages for people: sign in, review desk, status, administration."""

from __future__ import annotations

from webui.app import init_app

__all__ = ["init_app"]
