"""The files that `benchmarks/scan_speed.py` measures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from pratique.commands.scan_fetching import Fetcher
from pratique.commands.scan_requirements import Pinned

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["speed_files"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_SETS: Final = (_ROOT / "tests" / "journeys" / "well_known.txt", _ROOT / "benchmarks" / "speed_set.txt")


def speed_files(paths: Sequence[Path], fetched: Path | None) -> list[Path]:
    """The files that are meant: given ones, those in given folders, and the set, fetched into its folder."""
    found = [path for given in paths for path in (sorted(given.iterdir()) if given.is_dir() else [given])]
    if fetched is not None:
        fetched.mkdir(parents=True, exist_ok=True)
        fetcher = Fetcher(fetched, everything=True)
        for line in "\n".join(path.read_text(encoding="utf-8") for path in _SETS).splitlines():
            if line and not line.startswith("#"):
                project, filename, digest = line.split()
                version = (parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename)(filename)[1]
                found += fetcher.fetch(Pinned(canonicalize_name(project), version, frozenset({digest})))
    return [path for path in found if path.name.endswith((".whl", ".tar.gz"))]
