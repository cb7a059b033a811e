"""Another index, small and real: a Simple API over HTTP with the files that a test puts there, and its bad habits."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.artifacts import Artifact

__all__ = ["LONG_AGO", "Answer", "OtherIndex", "Shelved", "other_index"]

LONG_AGO = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"


@dataclass(frozen=True, slots=True)
class Shelved:
    """A file as the other index tells of it, which need not be true."""

    filename: str
    data: bytes
    sha256: str
    upload_time: datetime | None = LONG_AGO
    yanked: str | bool = False
    size: int | None = -1
    url: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer instead of the right one."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    drip_seconds: float = 0.0
    """Between one byte and the next."""


@dataclass
class OtherIndex:
    """The index, while it runs."""

    url: str
    """Root of its Simple API."""
    html_only: bool = False
    projects: dict[str, list[Shelved]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    """By path."""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for, in order."""
    authorizations: list[str | None] = field(default_factory=list)
    is_down: bool = False

    def put(self, artifact: Artifact, **changes: Any) -> Shelved:
        """The file is there; `changes` is what the page says otherwise."""
        shelved = Shelved(artifact.filename, artifact.data, sha256(artifact.data).hexdigest())
        shelved = replace(shelved, **changes)
        self.projects.setdefault(canonicalize_name(artifact.filename.split("-")[0]), []).append(shelved)
        return shelved

    def times_asked(self, part: str) -> int:
        """How often something with `part` in its path was asked for."""
        return sum(part in path for path in self.asked)


@contextmanager
def other_index(*, html_only: bool = False) -> Iterator[OtherIndex]:
    """An empty index on a free port of the loopback address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    index = OtherIndex(f"http://127.0.0.1:{server.server_address[1]}/root/simple/", html_only)
    server.index = index
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    index: OtherIndex


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name in the standard library
        """Nothing."""

    def do_GET(self) -> None:
        """The answer."""
        index, path = self.server.index, self.path.partition("?")[0]
        index.asked.append(path)
        index.authorizations.append(self.headers.get("Authorization"))
        if index.is_down:
            self.close_connection = True
            return
        try:
            self._send(index.answers.get(path) or self._answer(index, path))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # whoever asked has had enough

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        names = {name.lower() for name, _ in answer.headers}
        for name, value in answer.headers:
            self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not answer.drip_seconds:
            self.wfile.write(answer.body)
            return
        for byte in answer.body:
            self.wfile.write(bytes([byte]))
            time.sleep(answer.drip_seconds)

    def _answer(self, index: OtherIndex, path: str) -> Answer:
        wants_json = not index.html_only and JSON in self.headers.get("Accept", "")
        if path == "/root/simple/":
            return self._list(index, wants_json=wants_json)
        name = path.removeprefix("/root/simple/").rstrip("/")
        if path.startswith("/root/simple/") and name in index.projects:
            return self._project(index, name, wants_json=wants_json)
        for files in index.projects.values():
            for file in files:
                if path == f"/root/files/{file.sha256}/{file.filename}":
                    return Answer(body=file.data, headers=(("Content-Type", "application/octet-stream"),))
        return Answer(404, b"nothing")

    def _list(self, index: OtherIndex, *, wants_json: bool) -> Answer:
        if wants_json:
            projects = [{"name": name} for name in index.projects]
            return _json({"meta": {"api-version": "1.4"}, "projects": projects})
        links = "".join(f'<a href="{name}/">{name}</a>\n' for name in index.projects)
        return _html(links)

    def _project(self, index: OtherIndex, name: str, *, wants_json: bool) -> Answer:
        files = index.projects[name]
        if not wants_json:
            return _html("".join(map(_link, files)))
        page: dict[str, Any] = {"meta": {"api-version": "1.4"}, "name": name, "files": list(map(_entry, files))}
        if name in index.status:
            page["project-status"] = {"status": index.status[name]}
        return _json(page)


def _url(file: Shelved) -> str:
    return file.url or f"../../files/{file.sha256}/{file.filename}"


def _entry(file: Shelved) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": _url(file),
        "hashes": {"sha256": file.sha256} if file.sha256 else {},
        "yanked": file.yanked,
        "requires-python": ">=3.8",
    }
    if file.upload_time is not None:
        entry["upload-time"] = file.upload_time.isoformat().replace("+00:00", "Z")
    if file.size is not None:
        entry["size"] = len(file.data) if file.size == -1 else file.size
    return entry


def _link(file: Shelved) -> str:
    yanked = f' data-yanked="{escape(str(file.yanked))}"' if file.yanked else ""
    fragment = f"#sha256={file.sha256}" if file.sha256 else ""
    return f'<a href="{_url(file)}{fragment}" data-requires-python="&gt;=3.8"{yanked}>{file.filename}</a><br/>\n'


def _json(page: dict[str, Any]) -> Answer:
    return Answer(body=json.dumps(page).encode(), headers=(("Content-Type", JSON),))


def _html(links: str) -> Answer:
    body = f"<!DOCTYPE html>\n<html><head><title>Links</title></head><body>\n{links}</body></html>\n"
    return Answer(body=body.encode(), headers=(("Content-Type", "text/html; charset=utf-8"),))
