"""Real distributions, fetched by name from the package registry that pip uses here, without building anything."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from pypi_simple import PYPI_SIMPLE_ENDPOINT, PyPISimple

__all__ = ["Wanted", "fetch", "read_wanted"]

#: Kept between runs; outside of version control.
CACHE: Final = Path(__file__).resolve().parents[2] / ".cache" / "distributions"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One distribution, pinned."""

    project: str
    filename: str
    sha256: str


def read_wanted(path: Path) -> list[Wanted]:
    """The lines `project filename sha256` of a file."""
    lines = (line.split() for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return [Wanted(*line) for line in lines]


def fetch(wanted: Wanted) -> bytes:
    """The distribution's bytes.

    Raises:
        ValueError: the registry has none of that name, or other bytes.
    """
    place = CACHE / wanted.sha256 / wanted.filename
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with PyPISimple(endpoint=_endpoint()) as registry:
            page = registry.get_project_page(wanted.project)
            found = next((package for package in page.packages if package.filename == wanted.filename), None)
            if found is None:
                raise ValueError(f"{wanted.filename} is not in the registry")
            registry.download_package(found, place, progress=None, verify=True)
    data = place.read_bytes()
    if sha256(data).hexdigest() != wanted.sha256:
        place.unlink()
        raise ValueError(f"{wanted.filename}: got other bytes than {wanted.sha256}")
    return data


def _endpoint() -> str:
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    configured = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return configured or PYPI_SIMPLE_ENDPOINT
