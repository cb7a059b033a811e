"""What a cache saves: the second inspection of a file, and a release of which one member in a hundred changed."""

from __future__ import annotations

import base64
import io
import resource
import tempfile
import time
import zipfile
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.changing import next_release
from scanner.assess import assess
from scanner.cache import Cache
from scanner.inspect import inspect
from scanner.memory import Memory
from scanner.model import SubmissionFacts, encode
from scanner.sandbox import CachingSandbox, Sandbox

if TYPE_CHECKING:
    from scanner.ruleset import Ruleset

__all__ = ["build_small", "fork_to_verdict", "repeated", "updated", "yara_speed"]


def updated(path: Path, ruleset: Ruleset) -> dict[str, float | str]:
    """Processor seconds of the next release of `path`, cold and with what was learned of `path`.

    Raises:
        ValueError: the two do not give the same inspection, byte for byte.
    """
    old = path.read_bytes()
    new, changed, members = next_release(old, path.name)
    learning = Memory("benchmark")
    inspect(old, path.name, ruleset, learning)
    known = learning.encoded()
    began = time.process_time()
    cold = inspect(new, path.name, ruleset)
    middle = time.process_time()
    warm = inspect(new, path.name, ruleset, Memory("benchmark", known))
    ended = time.process_time()
    if encode(cold) != encode(warm):
        raise ValueError(f"{path.name}: with and without memory the inspections differ")
    return {
        "name": path.name,
        "members": members,
        "changed": changed,
        "learned_bytes": len(known),
        "cold_seconds": middle - began,
        "warm_seconds": ended - middle,
    }


def repeated(path: Path) -> tuple[float, float, float]:
    """Seconds of the first inspection on the clock, and processor seconds of the second and of hashing the file."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        caching = CachingSandbox.around(sandbox, Cache(Path(folder) / "cache"))
        wall = time.perf_counter()
        caching.inspect(path, path.name)
        first = time.perf_counter() - wall
        began = _spent()
        for _ in range(10):
            caching.inspect(path, path.name)
        second = (_spent() - began) / 10
    began = _spent()
    for _ in range(10):
        sha256(path.read_bytes()).hexdigest()
    return first, second, (_spent() - began) / 10


def build_small() -> bytes:
    """A wheel of ordinary source, about 20 KB of it."""
    function = (
        "def count_{0}(words: list[str]) -> int:\n    return sum(len(word) > {0} for word in words if word)\n\n\n"
    )
    source = "".join(function.format(number) for number in range(190))
    info = "small-1.0.dist-info"
    files = {
        "small/__init__.py": source,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: small\nVersion: 1.0\nAuthor: Ada\n\nSmall.\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [
        f"{name},sha256={base64.urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}"
        for name, text in files.items()
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"}.items():
            archive.writestr(name, text)
    return out.getvalue()


def fork_to_verdict(artifact: bytes, filename: str, ruleset: Ruleset, *, times: int = 40) -> float:
    """Median of the wall-clock seconds from asking the sandbox to the verdict."""
    took = []
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        path = Path(folder) / filename
        path.write_bytes(artifact)
        for _ in range(times):
            began = time.perf_counter()
            found = sandbox.inspect(path, filename)
            assess(SubmissionFacts(project="x", version="1", artifacts=(found,)), ruleset)
            took.append(time.perf_counter() - began)
    return median(took)


def yara_speed(blobs: list[bytes], ruleset: Ruleset) -> tuple[float, float]:
    """Bytes that YARA matched against all rules, in millions, and the processor seconds that it took."""
    began = time.process_time()
    for blob in blobs:
        ruleset.match(blob, timeout_seconds=60)
    return sum(map(len, blobs)) / 1e6, time.process_time() - began


def _spent() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
