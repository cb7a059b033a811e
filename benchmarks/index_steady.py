"""Uploads at a steady pace, while everything else of an instance works on what comes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, Final

from benchmarks.load import Target, processor_seconds, send_at, wheel
from tests.servers.instance import running_instance

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["measure_steady"]

_CLIENTS: Final = 16


def measure_steady(folder: Path, *, rate: int, seconds: int) -> dict[str, Any]:
    """The figures of `rate` uploads each second, from when each is due to its answer; web, worker and keeper run."""
    environment = {"PRATIQUE_WEB_WORKERS": "2", "PRATIQUE_WEB_THREADS": "4", "PRATIQUE_LOG_LEVEL": "warning"}
    count = rate * seconds
    with running_instance(folder / "steady", environment) as instance:
        account = ("__token__", instance.account.upload_token)
        target = Target("pratique", instance.url, instance.process.pid, [], "/legacy/", account)
        artifacts = [wheel(f"steady-{number % 19}", f"1.{number}") for number in range(count)]
        before = processor_seconds(instance.processes("pratique"))
        started = time.monotonic() + 0.5
        with ThreadPoolExecutor(_CLIENTS) as pool:
            due = [started + number / rate for number in range(count)]
            spans = list(pool.map(lambda pair: send_at(target, *pair), zip(due, artifacts, strict=True)))
        elapsed = time.monotonic() - started
        spent = processor_seconds(instance.processes("pratique")) - before
    return {
        "server": target.name,
        "what": f"uploads at {rate}/s, worker on",
        "per_second": round(count / elapsed, 1),
        "p50_ms": round(median(spans) * 1000, 1),
        "p95_ms": round(quantiles(spans, n=20)[-1] * 1000, 1),
        "max_ms": round(max(spans) * 1000, 1),
        "files": count,
        "processor_share": round(spent / elapsed, 2),
    }
