"""A proxy on the loopback address that breaks the first download of a wheel off, as a bad network does."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Asked", "Proxy", "breaking_proxy"]

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "host", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and how it was answered."""

    path: str
    range: str
    if_range: str
    status: int


@dataclass(slots=True)
class Proxy:
    """A running proxy."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def breaking_proxy(upstream: str, *, after: int) -> Iterator[Proxy]:
    """A proxy before `upstream`; the first answer with a wheel ends after `after` bytes."""
    proxy = Proxy("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            answer = requests.get(f"{upstream}{self.path}", headers=headers, timeout=30)
            breaks = self.path.endswith(".whl") and not any(asked.path == self.path for asked in proxy.asked)
            given = self.headers
            proxy.asked.append(Asked(self.path, given.get("Range", ""), given.get("If-Range", ""), answer.status_code))
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content[:after] if breaks else answer.content)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
