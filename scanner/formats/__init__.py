"""A verdict and its findings as text for people, JSON Lines for programs, and SARIF for code viewers."""

from __future__ import annotations

from scanner.formats.jsonl import json_line
from scanner.formats.sarif import sarif
from scanner.formats.scanned import Scanned
from scanner.formats.text import text, texts

__all__ = ["Scanned", "json_line", "sarif", "text", "texts"]
