"""The blueprint of all pages for people."""

from __future__ import annotations

from typing import Final

from flask import Blueprint

__all__ = ["NAME", "people"]

NAME: Final = "people"

people: Final = Blueprint(NAME, "webui", template_folder="templates", static_folder="static", static_url_path="/assets")
