"""Other servers beside ours: bare Flask as the limit of what its stack can do, pypiserver and devpi."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import requests

from benchmarks.load import JSON, Read, Target, upload_all
from tests.servers.instance import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.fixtures.artifacts import Artifact

__all__ = ["running_peers"]

_PASSWORD: Final = token_urlsafe()

_BARE: Final = """\
import hashlib, pathlib, uuid
from flask import Flask, Response, request, send_file

app = Flask("bare")
folder = pathlib.Path(__file__).parent
page = (folder / "page.json").read_bytes()


@app.get("/simple/<name>/")
def detail(name):
    response = Response(page, content_type="application/vnd.pypi.simple.v1+json")
    response.set_etag("page")
    return response.make_conditional(request)


@app.get("/file")
def file():
    return send_file(folder / "file.whl", conditional=True)


@app.post("/legacy/")
def upload():
    content = request.files["content"]
    digest = hashlib.sha256()
    with open(folder / f"upload-{uuid.uuid4().hex}", "wb") as target:
        while chunk := content.stream.read(65536):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()
"""


@contextmanager
def running_peers(environment: Path, folder: Path, files: Sequence[Artifact]) -> Iterator[list[Target]]:
    """The servers that the virtual environment holds, with `files` of one project."""
    programs = environment.resolve() / "bin"
    with ExitStack() as stack:
        targets = []
        if (programs / "gunicorn").exists():
            targets.append(stack.enter_context(_bare(programs, folder / "bare", files)))
        if (programs / "pypi-server").exists():
            targets.append(stack.enter_context(_pypiserver(programs, folder / "pypiserver", files)))
        if (programs / "devpi-server").exists():
            targets.append(stack.enter_context(_devpi(programs, folder / "devpi", files)))
        if not targets:
            raise FileNotFoundError(f"{programs} has neither gunicorn nor pypi-server nor devpi-server")
        yield targets


@contextmanager
def _bare(programs: Path, folder: Path, files: Sequence[Artifact]) -> Iterator[Target]:
    """Flask with a page in memory: no database, no check of an upload, no fsync."""
    folder.mkdir(parents=True)
    (folder / "bare.py").write_text(_BARE)
    (folder / "page.json").write_bytes(b'{"files": "' + b"x" * 400 * len(files) + b'"}')
    (folder / "file.whl").write_bytes(files[0].data)
    port = free_port()
    command = [programs / "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--no-control-socket"]
    with _running([*command, "--workers", "2", "--threads", "4", "bare:app"], folder, f"http://127.0.0.1:{port}") as (
        url,
        process,
    ):
        reads = [
            Read("detail JSON", "/simple/any/"),
            Read("detail JSON, 304", "/simple/any/", {"If-None-Match": '"page"'}, 304),
            Read("file of 20 kB", "/file"),
        ]
        yield Target("bare Flask", url, process, reads, "/legacy/")


@contextmanager
def _pypiserver(programs: Path, folder: Path, files: Sequence[Artifact]) -> Iterator[Target]:
    """Pypiserver with its own web server, open to everybody."""
    packages = folder / "packages"
    packages.mkdir(parents=True)
    for filename, data in files:
        (packages / filename).write_bytes(data)
    port, project = free_port(), files[0].filename.split("-")[0]
    command = [programs / "pypi-server", "run", "-p", str(port), "-i", "127.0.0.1", "-P", ".", "-a", "."]
    with _running([*command, "--disable-fallback", packages], folder, f"http://127.0.0.1:{port}") as (url, process):
        page = f"/simple/{project}/"
        reads = [
            Read("detail JSON (is HTML)", page, {"Accept": JSON}),
            Read("detail HTML", page),
            Read("file of 20 kB", f"/packages/{files[0].filename}"),
            Read("project list (HTML)", "/simple/"),
        ]
        yield Target("pypiserver", url, process, reads, "/")


@contextmanager
def _devpi(programs: Path, folder: Path, files: Sequence[Artifact]) -> Iterator[Target]:
    """devpi-server as it comes, on SQLite, with an index of its own that inherits from nothing."""
    folder.mkdir(parents=True)
    port, project = free_port(), files[0].filename.split("-")[0]
    state = ["--serverdir", str(folder / "state")]
    subprocess.run([programs / "devpi-init", *state, "--no-root-pypi"], check=True, capture_output=True)
    command = [programs / "devpi-server", *state, "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, folder, f"http://127.0.0.1:{port}") as (url, process):
        target = Target("devpi", url, process, [], "/bench/dev/", ("bench", _make_devpi_index(url)))
        upload_all(target, files)
        page = f"/bench/dev/+simple/{project}/"
        found = requests.get(f"{url}{page}", headers={"Accept": JSON}, timeout=60).json()["files"][0]["url"]
        reads = [
            Read("detail JSON", page, {"Accept": JSON}),
            Read("detail HTML", page),
            Read("file of 20 kB", urlsplit(urljoin(f"{url}{page}", found)).path),
            Read("project list (HTML)", "/bench/dev/+simple/"),
        ]
        yield replace(target, reads=reads)


def _make_devpi_index(url: str) -> str:
    """A user and an index, made as devpi's own client makes them; the token that it would upload with.

    With the password itself, devpi would hash it for every upload, and that slowly.
    """
    requests.put(f"{url}/bench", json={"password": _PASSWORD}, timeout=60).raise_for_status()
    answer = requests.post(f"{url}/+login", json={"user": "bench", "password": _PASSWORD}, timeout=60)
    answer.raise_for_status()
    token = str(answer.json()["result"]["password"])
    proof = b64encode(f"bench:{token}".encode()).decode()
    wanted = {"type": "stage", "bases": [], "volatile": True}
    made = requests.put(f"{url}/bench/dev", json=wanted, headers={"X-Devpi-Auth": proof}, timeout=60)
    made.raise_for_status()
    return token


@contextmanager
def _running(command: Sequence[object], folder: Path, url: str) -> Iterator[tuple[str, int]]:
    """The server's address and process, as soon as it answers."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(part) for part in command], cwd=folder, stdout=log, stderr=log)
        try:
            until(lambda: _answers(url, process, folder / "log"), seconds=120, what=f"{url} answers")
            yield url, process.pid
        finally:
            process.terminate()
            process.wait(15)


def _answers(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the server ended with {process.returncode}:\n{log.read_text()[-2000:]}")
    try:
        return requests.get(f"{url}/", timeout=5) is not None
    except (requests.ConnectionError, requests.Timeout):
        return False
