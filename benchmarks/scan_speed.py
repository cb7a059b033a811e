"""How fast artifacts are inspected, beside `bandit -r` on the same files in the same run.

    python -m benchmarks.scan_speed ARTIFACT... [--repeat 1] [--json FILE]

For benign artifacts only: their Python members are written, under numbers, to a temporary folder for Bandit. Times are
processor seconds of one core, so that a busy machine disturbs little; the load is printed all the same. Every
inspection is cold: nothing is kept from one artifact to the next but the loaded rules. Bandit's own start is measured
on an empty folder and taken off, in its favour.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from functools import wraps
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import click

import scanner.inspect as engine
from benchmarks.rates import table
from scanner.members import read_contents
from scanner.ruleset import Ruleset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Stopwatch"]

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_MB: Final = 1e6
#: Parts of the engine by the names under which `scanner.inspect` calls them.
_PARTS: Final = {"read_contents": "archive", "_behaviour": "behaviour", "_unreadable": "parse", "sifted": "sort"}
_TUPLES: Final = ("MEMBER_ANALYZERS", "LAYER_ANALYZERS", "ARTIFACT_ANALYZERS", "OPENERS")


class Stopwatch:
    """Processor seconds by part; what a part spends inside of another part counts for the inner one only."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.whole = 0.0
        self._inner: list[float] = [0.0]

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, whose time is counted as `name`; an iterator is run to its end."""

        @wraps(function)
        def run(*args: object, **kwargs: object) -> object:
            self._inner.append(0.0)
            began = time.process_time()
            try:
                result = function(*args, **kwargs)
                return list(result) if hasattr(result, "__next__") else result
            finally:
                took = time.process_time() - began
                self.seconds[name] += took - self._inner.pop()
                self._inner[-1] += took

        return run

    @contextmanager
    def on_the_engine(self) -> Iterator[None]:
        """Every part of the engine is timed."""
        old = {name: getattr(engine, name) for name in (*_PARTS, *_TUPLES)}
        for name, word in _PARTS.items():
            setattr(engine, name, self.timed(word, old[name]))
        for name in _TUPLES:
            setattr(engine, name, tuple(self.timed(part.__name__, part) for part in old[name]))
        try:
            yield
        finally:
            for name, value in old.items():
                setattr(engine, name, value)


def _inspected(path: Path, ruleset: Ruleset, watch: Stopwatch) -> float:
    """Processor seconds of one inspection."""
    data = path.read_bytes()
    with watch.on_the_engine():
        began = time.process_time()
        engine.inspect(data, path.name, ruleset)
        took = time.process_time() - began
    watch.whole += took
    return took


def _bandit(folder: Path) -> float:
    """Processor seconds of `bandit -r`, its start included.

    Raises:
        RuntimeError: Bandit did not do its work.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as other:
        report = Path(other) / "report.json"
        command = [
            sys.executable,
            "-m",
            "bandit",
            "-q",
            "-r",
            str(folder),
            "-f",
            "json",
            "-o",
            str(report),
            "--exit-zero",
        ]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode or not report.exists():
            raise RuntimeError(f"bandit ended with {done.returncode}: {done.stderr[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _sources(path: Path) -> list[bytes]:
    """The Python members of a benign artifact."""
    views = read_contents(path.read_bytes(), path.name).views
    return [view.data for view in views.values() if view.is_python]


def _measured(path: Path, ruleset: Ruleset, watch: Stopwatch, *, start: float) -> dict[str, float | str]:
    sources = _sources(path)
    ours = _inspected(path, ruleset, watch)
    with tempfile.TemporaryDirectory() as folder:
        for number, source in enumerate(sources):
            (Path(folder) / f"member_{number:05}.py").write_bytes(source)
        theirs = max(_bandit(Path(folder)) - start, 0.001)
    return {
        "name": path.name,
        "files": len(sources),
        "megabytes": sum(map(len, sources)) / _MB,
        "inspect_seconds": ours,
        "bandit_seconds": theirs,
    }


def _row(figures: dict[str, float | str]) -> list[str]:
    size, ours, theirs = (float(figures[key]) for key in ("megabytes", "inspect_seconds", "bandit_seconds"))
    return [
        str(figures["name"])[:48],
        f"{figures['files']}",
        f"{size:.2f}",
        f"{ours:.2f}",
        f"{size / ours:.2f}",
        f"{theirs:.2f}",
        f"{size / theirs:.2f}",
        f"{theirs / ours:.2f}",
    ]


def _total(rows: Sequence[dict[str, float | str]]) -> dict[str, float | str]:
    keys = ("files", "megabytes", "inspect_seconds", "bandit_seconds")
    return {"name": "all", **{key: sum(float(row[key]) for row in rows) for key in keys}}


@click.command()
@click.argument("artifacts", nargs=-1, required=True, type=_FILE)
@click.option(
    "--repeat", default=1, show_default=True, type=click.IntRange(1), help="Runs; the quickest of each counts."
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here, too.")
def main(artifacts: tuple[Path, ...], repeat: int, json_path: Path | None) -> None:
    """Measure and print."""
    ruleset, watch = Ruleset.load(), Stopwatch()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as empty:
        start = min(_bandit(Path(empty)) for _ in range(3))
    engine.inspect(artifacts[0].read_bytes(), artifacts[0].name, ruleset)  # what is imported when first used is there
    rows = []
    for path in artifacts:
        runs = [_measured(path, ruleset, watch, start=start) for _ in range(repeat)]
        best = {key: min(float(run[key]) for run in runs) for key in ("inspect_seconds", "bandit_seconds")}
        rows.append({**runs[0], **best})
    whole = _total(rows)
    whole["files"] = int(float(whole["files"]))
    print(f"{os.cpu_count()} cores, load {load[0]:.1f}, then {os.getloadavg()[0]:.1f}; Bandit's start {start:.2f} s")
    head = ("artifact", "files", "MB", "inspect s", "MB/s", "bandit s", "MB/s", "times as fast")
    print(table("Source per processor second", head, [_row(row) for row in (*rows, whole)]))
    faster = median(float(row["bandit_seconds"]) / float(row["inspect_seconds"]) for row in rows)
    print(f"\nMedian of the artifacts: {faster:.2f} times as fast as bandit -r")
    # Between the parts: spotlights, the garbage collector, putting layers in order.
    watch.seconds["rest"] = max(watch.whole - sum(watch.seconds.values()), 0.0)
    ordered = sorted(watch.seconds.items(), key=itemgetter(1), reverse=True)
    parts = [(name, f"{seconds:.2f}", f"{seconds / watch.whole:.1%}") for name, seconds in ordered]
    print(table("Time by part of the engine", ("part", "seconds", "share"), parts))
    if json_path:
        figures = {"load": load, "bandit_start": start, "artifacts": rows, "all": whole, "parts": dict(watch.seconds)}
        json_path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
