"""A real Redis on a free port."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers.process import Server, find_program, free_port, own_folder, port_answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["redis_server", "running_redis"]


@contextmanager
def redis_server() -> Iterator[Server]:
    """A server that can be killed and started again; it keeps nothing on disk."""
    program, port = find_program("redis-server"), free_port()
    with own_folder("redis-", None) as folder:
        server = Server(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
            f"redis://127.0.0.1:{port}/0",
            folder,
            lambda: port_answers(port),
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_redis(_folder: Path | None = None) -> Iterator[str]:
    """The URL of an empty database."""
    with redis_server() as server:
        yield server.url
