"""A real PostgreSQL on a free port, in a folder of its own, never as root."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.servers.process import Server, find_program, free_port, own_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["new_database", "postgres_server", "running_postgres"]


def _places() -> list[str]:
    return [str(place) for place in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A server that can be killed and started again; its data survive that."""
    initdb, postgres = find_program("initdb", *_places()), find_program("postgres", *_places())
    isready = find_program("pg_isready", *_places())
    user = "nobody" if os.geteuid() == 0 else None
    with own_folder("pg-", user) as folder:
        data, port = folder / "data", free_port()
        subprocess.run(
            [initdb, "-D", data, "-U", "pratique", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
            check=True,
            capture_output=True,
            cwd=folder,
            user=user,
        )
        server = Server(
            # A test may kill the process, never the machine: what the kernel has taken is safe without fsync.
            [postgres, "-D", str(data), "-p", str(port), "-k", str(folder), "-c", "fsync=off", "-h", "127.0.0.1"],
            f"postgresql+psycopg://pratique@127.0.0.1:{port}/postgres",
            folder,
            lambda: subprocess.run([isready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode == 0,
            user,
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_postgres(_folder: Path | None = None) -> Iterator[str]:
    """The URL of an empty database. (The server's folder must be its user's: it makes its own.)"""
    with postgres_server() as server:
        yield server.url


def new_database(url: str) -> str:
    """The URL of a new, empty database on the server at `url`."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    ) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_url(url).set(database=name).render_as_string(hide_password=False)
