"""Load on one server: reads with wrk, uploads with eight keep-alive clients; every answer is checked."""

from __future__ import annotations

import os
import re
import subprocess
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tests.fixtures.artifacts import Artifact, build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "JSON",
    "Read",
    "Target",
    "measure_reads",
    "measure_uploads",
    "processor_seconds",
    "send_at",
    "upload_all",
    "wheel",
]

JSON: Final = "application/vnd.pypi.simple.v1+json"

_BOUNDARY: Final = "pratique-benchmark-boundary"
#: So many uploads open every connection, thread and statement of every process once.
_WARM_UP: Final = 100
_UNITS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True, slots=True)
class Read:
    """A GET that is measured."""

    name: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Target:
    """A running server, and how it is asked."""

    name: str
    url: str
    process: int
    """The parent of its processes."""
    reads: Sequence[Read]
    upload_path: str = ""
    """Empty for none."""
    account: tuple[str, str] = ("", "")


def wheel(project: str, version: str, size: int = 20_000) -> Artifact:
    """A wheel of somewhat more than `size` bytes, other ones for each project and version."""
    # Digests do not compress, and a name and a version give the same ones in each run.
    seed = f"{project} {version}"
    filler = "".join(sha256(f"{seed} {part}".encode()).hexdigest() for part in range(size // 36))
    return build_wheel(project, version, {f"{project.replace('-', '_')}.py": f'"""A module."""\n\nV = "{filler}"\n'})


def measure_reads(target: Target, *, seconds: int, connections: int) -> Iterator[dict[str, Any]]:
    """The figures of each read, one after the other.

    Raises:
        RuntimeError: the server answers something else.
    """
    for read in target.reads:
        _check(target, read)
        headers = [part for name, value in read.headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", *headers]
        before = _processor_seconds(target)
        done = subprocess.run([*command, f"{target.url}{read.path}"], capture_output=True, text=True, check=True)
        figures = _parsed(done.stdout)
        spent = (_processor_seconds(target) - before) * 1000 / max(1, figures["answers"])
        yield {"server": target.name, "what": read.name, **figures, "processor_ms_each": round(spent, 3)}


def _check(target: Target, read: Read) -> None:
    connection = _connect(target.url)
    try:
        connection.request("GET", read.path, headers=dict(read.headers))
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != read.status:
        raise RuntimeError(f"{target.name}: GET {read.path} answers {status}, expected {read.status}")


def _parsed(output: str) -> dict[str, Any]:
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", output)
    count = re.search(r"(\d+) requests in", output)
    if rate is None or late is None or count is None:
        raise RuntimeError(f"wrk printed no figures:\n{output}")
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    broken = re.search(r"Socket errors: (.*)", output)
    return {
        "per_second": round(float(rate[1])),
        "p99_ms": round(float(late[1]) * _UNITS[late[2]], 1),
        "answers": int(count[1]),
        "wrong_answers": int(wrong[1]) if wrong else 0,
        "socket_errors": broken[1] if broken else "",
    }


def measure_uploads(target: Target, *, files: int, clients: int) -> dict[str, Any]:
    """The figures of `files` uploads by `clients` at once, to a server that has taken some before.

    Raises:
        RuntimeError: an upload was refused.
    """
    artifacts = [wheel(f"load-{number % 19}", f"1.{number}") for number in range(_WARM_UP + files)]
    bodies = [_form(artifact) for artifact in artifacts]
    _send_by_clients(target, bodies[:_WARM_UP], clients)
    before, started = _processor_seconds(target), time.perf_counter()
    spans = _send_by_clients(target, bodies[_WARM_UP:], clients)
    elapsed = time.perf_counter() - started
    spent = (_processor_seconds(target) - before) * 1000 / files
    return {
        "server": target.name,
        "what": f"uploads, {clients} clients",
        "per_second": round(files / elapsed, 1),
        "p50_ms": round(median(spans) * 1000, 1),
        "p95_ms": round(quantiles(spans, n=20)[-1] * 1000, 1),
        "files": files,
        "processor_ms_each": round(spent, 2),
    }


def upload_all(target: Target, artifacts: Sequence[Artifact]) -> None:
    """The server has taken the files.

    Raises:
        RuntimeError: it refused one.
    """
    _send_all(target, [_form(artifact) for artifact in artifacts])


def send_at(target: Target, due: float, artifact: Artifact) -> float:
    """The file is uploaded when `due` (of the monotonic clock) comes; the seconds from then to the answer."""
    body = _form(artifact)
    time.sleep(max(0.0, due - time.monotonic()))
    _send_all(target, [body])
    return time.monotonic() - due


def processor_seconds(processes: Iterable[int]) -> float:
    """What the processes have used: unlike a rate, it depends little on who else uses the machine."""
    ticks = 0
    for process in processes:
        with suppress(OSError):  # it ended meanwhile
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _processor_seconds(target: Target) -> float:
    """What the server's process and its children have used."""
    children = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(place.read_text().rpartition(")")[2].split()[1]) == target.process:
                children.append(int(place.parent.name))
    return processor_seconds([target.process, *children])


def _send_by_clients(target: Target, bodies: Sequence[bytes], clients: int) -> list[float]:
    shares = [bodies[start::clients] for start in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        return [span for share in pool.map(lambda share: _send_all(target, share), shares) for span in share]


def _send_all(target: Target, bodies: Sequence[bytes]) -> list[float]:
    account = b64encode(":".join(target.account).encode()).decode()
    headers = {
        "Authorization": f"Basic {account}",
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
    }
    connection = _connect(target.url)
    try:
        return [_timed(lambda body=body: _upload(connection, target, headers, body)) for body in bodies]  # type: ignore[misc] # mypy does not infer a lambda's default
    finally:
        connection.close()


def _timed(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _upload(connection: HTTPConnection, target: Target, headers: Mapping[str, str], body: bytes) -> None:
    connection.request("POST", target.upload_path, body, dict(headers))
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 200:  # noqa: PLR2004 # OK
        raise RuntimeError(f"{target.name} refused an upload: {answer.status} {said[:500]!r}")


def _form(artifact: Artifact) -> bytes:
    name, version, *_ = artifact.filename.split("-")
    fields = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": name.replace("_", "-"),
        "version": version,
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "sha256_digest": sha256(artifact.data).hexdigest(),
    }
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{artifact.filename}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return "".join([*parts, head]).encode() + artifact.data + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _connect(url: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(url).netloc, timeout=60)
