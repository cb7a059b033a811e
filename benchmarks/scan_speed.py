"""How fast artifacts are inspected, beside `bandit -r` on the same files in the same run.

    python -m benchmarks.scan_speed FOLDER_OR_ARTIFACT... [--repeat 1] [--json FILE] [--peer NAME=COMMAND]
    python -m benchmarks.scan_speed --fetch FOLDER

The second form first fetches the set of `tests/journeys/well_known.txt` and `benchmarks/speed_set.txt` into FOLDER, by
their hashes. A peer is a command with `{artifact}` or `{sources}` (the folder of Python members) in it, such as
`--peer 'guarddog=side/bin/guarddog pypi scan {artifact}'`: its processor seconds stand beside ours.

For benign artifacts only: their Python members are written, under numbers, to a temporary folder for Bandit. Times are
processor seconds of one core, so that a busy machine disturbs little; the load is printed all the same. Every
inspection is cold: nothing is kept from one artifact to the next but the loaded rules. Bandit's own start is measured
on an empty folder and taken off, in its favour.
"""

from __future__ import annotations

import json
import math
import os
import resource
import shlex
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
from benchmarks.remembering import build_small, fork_to_verdict, repeated, updated, yara_speed
from benchmarks.speed_files import speed_files
from scanner.members import read_contents
from scanner.ruleset import Ruleset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Stopwatch"]

_MB: Final = 1e6
#: Parts of the engine by the names under which `scanner.inspect` calls them.
_PARTS: Final = {"read_contents": "archive", "followed": "behaviour", "_unreadable": "parse", "sifted": "sort"}
_HEAD: Final = (
    "artifact",
    "files",
    "MB",
    "inspect s",
    "MB/s",
    "without Bandit MB/s",
    "bandit s",
    "MB/s",
    "times as fast",
)
_UPDATE_HEAD: Final = ("artifact", "changed", "cold s", "warm s", "share")
_SMALL: Final = "small-1.0-py3-none-any.whl"
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


def _peer(command: str, path: Path, sources: Path) -> float:
    """Processor seconds of the peer, its start included; not a number where it failed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [word.format(artifact=path, sources=sources) for word in shlex.split(command)]
    done = subprocess.run(words, check=False, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent if done.returncode in {0, 1} else math.nan  # 1: something was found


def _measured(
    path: Path, ruleset: Ruleset, watch: Stopwatch, *, start: float, peers: dict[str, str]
) -> dict[str, float | str]:
    sources = _sources(path)
    before = watch.seconds["quality"]
    ours = _inspected(path, ruleset, watch)
    gate = ours - (watch.seconds["quality"] - before)
    with tempfile.TemporaryDirectory() as folder:
        for number, source in enumerate(sources):
            (Path(folder) / f"member_{number:05}.py").write_bytes(source)
        theirs = max(_bandit(Path(folder)) - start, 0.001)
        others = {name: _peer(command, path, Path(folder)) for name, command in peers.items()}
    return {
        **{f"{name}_seconds": seconds for name, seconds in others.items()},
        "name": path.name,
        "files": len(sources),
        "megabytes": sum(map(len, sources)) / _MB,
        "inspect_seconds": ours,
        "gate_seconds": gate,
        "bandit_seconds": theirs,
    }


def _row(figures: dict[str, float | str], peers: Sequence[str] = ()) -> list[str]:
    size, ours, theirs = (float(figures[key]) for key in ("megabytes", "inspect_seconds", "bandit_seconds"))
    gate = float(figures["gate_seconds"])
    return [
        str(figures["name"])[:48],
        f"{figures['files']}",
        f"{size:.2f}",
        f"{ours:.2f}",
        f"{size / ours:.2f}",
        f"{size / gate:.2f}",
        f"{theirs:.2f}",
        f"{size / theirs:.2f}",
        f"{theirs / ours:.2f}",
        *(f"{float(figures[f'{name}_seconds']):.2f}" for name in peers),
    ]


def _total(rows: Sequence[dict[str, float | str]], peers: Sequence[str]) -> dict[str, float | str]:
    keys = ["files", "megabytes", "inspect_seconds", "gate_seconds", "bandit_seconds"]
    keys += [f"{name}_seconds" for name in peers]
    return {"name": "all", **{key: sum(float(row[key]) for row in rows) for key in keys}}


def _show_parts(watch: Stopwatch) -> None:
    # Between the parts: spotlights, the garbage collector, putting layers in order.
    watch.seconds["rest"] = max(watch.whole - sum(watch.seconds.values()), 0.0)
    ordered = sorted(watch.seconds.items(), key=itemgetter(1), reverse=True)
    parts = [(name, f"{seconds:.2f}", f"{seconds / watch.whole:.1%}") for name, seconds in ordered]
    print(table("Time by part of the engine", ("part", "seconds", "share"), parts))


def _show_memory(artifacts: Sequence[Path], ruleset: Ruleset) -> list[dict[str, float | str]]:
    rows = [updated(path, ruleset) for path in artifacts]
    shown = [
        [
            str(row["name"])[:48],
            f"{row['changed']} of {row['members']}",
            f"{float(row['cold_seconds']):.3f}",
            f"{float(row['warm_seconds']):.3f}",
            f"{float(row['warm_seconds']) / float(row['cold_seconds']):.1%}",
        ]
        for row in rows
    ]
    print(table("A release with one Python member in a hundred changed", _UPDATE_HEAD, shown))
    cold, warm = (sum(float(row[key]) for row in rows) for key in ("cold_seconds", "warm_seconds"))
    print(f"\nAll together: {warm / cold:.1%} of the cold cost")
    return rows


def _show_rest(artifacts: Sequence[Path], ruleset: Ruleset) -> dict[str, float]:
    largest = max(artifacts, key=lambda path: path.stat().st_size)
    first, second, hashing = repeated(largest)
    print(
        f"\nSecond inspection of {largest.name}: {second * 1000:.2f} ms of processor time, of which hashing the file is"
    )
    print(f"{hashing * 1000:.2f} ms; the first took {first:.2f} s on the clock")
    blobs = [blob for path in artifacts for blob in _sources(path)]
    size, seconds = yara_speed(blobs, ruleset)
    print(f"YARA: {size:.1f} MB in {seconds:.2f} s of processor time, {size / seconds:.0f} MB/s")
    small = build_small()
    forked = fork_to_verdict(small, _SMALL, ruleset)
    print(f"Small wheel ({len(small)} bytes), fork to verdict: median {forked * 1000:.0f} ms on the clock")
    return {"second_seconds": second, "hash_seconds": hashing, "yara_mb_per_second": size / seconds, "forked": forked}


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--fetch", "fetched", type=click.Path(file_okay=False, path_type=Path), help="Fetch the set into here.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1), help="Runs; the quickest counts.")
@click.option("--peer", "peers", multiple=True, metavar="NAME=COMMAND", help="Another scanner to run beside.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here, too.")
def main(
    paths: tuple[Path, ...], fetched: Path | None, repeat: int, peers: tuple[str, ...], json_path: Path | None
) -> None:
    """Measure and print."""
    ruleset, watch = Ruleset.load(), Stopwatch()
    artifacts = speed_files(paths, fetched)
    if not artifacts:
        raise click.UsageError("Nothing to measure: expected artifacts, folders or --fetch FOLDER.")
    commands = dict(peer.split("=", 1) for peer in peers)
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as empty:
        start = min(_bandit(Path(empty)) for _ in range(3))
    engine.inspect(artifacts[0].read_bytes(), artifacts[0].name, ruleset)  # what is imported when first used is there
    rows = []
    for path in artifacts:
        runs = [_measured(path, ruleset, watch, start=start, peers=commands) for _ in range(repeat)]
        best = {key: min(float(run[key]) for run in runs) for key in runs[0] if str(key).endswith("_seconds")}
        rows.append({**runs[0], **best})
    whole = _total(rows, list(commands))
    whole["files"] = int(float(whole["files"]))
    print(f"{os.cpu_count()} cores, load {load[0]:.1f}, then {os.getloadavg()[0]:.1f}; Bandit's start {start:.2f} s")
    head = (*_HEAD, *(f"{name} s" for name in commands))
    print(table("Source per processor second", head, [_row(row, list(commands)) for row in (*rows, whole)]))
    faster = median(float(row["bandit_seconds"]) / float(row["inspect_seconds"]) for row in rows)
    print(f"\nMedian of the artifacts: {faster:.2f} times as fast as bandit -r")
    _show_parts(watch)
    updates = _show_memory(artifacts, ruleset)
    rest = _show_rest(artifacts, ruleset)
    if json_path:
        figures = {"load": load, "bandit_start": start, "artifacts": rows, "all": whole, "parts": dict(watch.seconds)}
        figures |= {"updates": updates, **rest}
        json_path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
