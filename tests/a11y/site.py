"""The real application on a real port, with a full desk, for a real browser."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

from index.hold.switches import set_hold_everything
from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from pratique.wsgi import create_app
from scanner.model import Kind, Severity
from tests.fixtures.artifacts import build_wheel
from tests.webui.desk import Desk, Says, finding
from tests.webui.scenes import Scene, full_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Site", "empty_site", "full_site"]

_MANY = 120


@dataclass(frozen=True, slots=True)
class Site:
    """A running instance."""

    url: str
    desk: Desk
    scene: Scene | None
    huge: str
    """A release with very much of everything; empty where the desk is."""

    def ids(self) -> dict[str, str]:
        """What the paths of pages name."""
        if self.scene is None:
            return {}
        names = ("update", "first", "failed", "published", "rejected", "scanning")
        return {name: getattr(self.scene, name) for name in names} | {"huge": self.huge}


@contextmanager
def full_site(folder: Path, *, many: bool = True) -> Iterator[Site]:
    """An instance with something in every state; `many`: and a huge release, and more than one page of the queue."""
    # The words of the rules change with the rules: tests do without.
    with _desk(folder, rules=folder / "no-rules" if many else None) as desk:
        scene = full_desk(desk)
        huge = _huge(desk) if many else ""
        if many:
            _fill_queue(desk)
        with _served(desk) as url:
            yield Site(url, desk, scene, huge)


@contextmanager
def empty_site(folder: Path) -> Iterator[Site]:
    """An instance right after its first start, which holds everything."""
    with _desk(folder, rules=None) as desk:
        with desk.services.database.write() as session:
            set_hold_everything(session, on=True, actor="system:test", now=desk.now)
        with _served(desk) as url:
            yield Site(url, desk, None, "")


@contextmanager
def _desk(folder: Path, *, rules: Path | None) -> Iterator[Desk]:
    services = Services.open(Settings(data=folder / "var", rules=rules))
    migrate(services.database)
    try:
        yield Desk(services, folder)
    finally:
        services.database.dispose()


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nothing: the tests' output is about the tests."""


@contextmanager
def _served(desk: Desk) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(desk.services), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def _huge(desk: Desk) -> str:
    """Long names, long lines, hundreds of findings and members."""
    deep = "/".join(["very_long_package_name_that_never_ends"] * 6) + "/module.py"
    source = "".join(f"value_{number} = '{'x' * (number % 700)}'\n" for number in range(1, 2400))
    files = {deep: source} | {f"huge_example/part_{number}.py": "x = 1\n" for number in range(_MANY)}
    findings = [
        finding(
            "long-line", Severity.HIGH, deep, line, title="A line of more columns than anybody reads", snippet="x" * 200
        )
        for line in range(10, 2390, 20)
    ]
    findings += [
        finding(f"rule-{number}", Severity(("critical", "high", "medium", "low", "info")[number % 5]), deep, number + 1)
        for number in range(25)
    ]
    findings += [
        finding("style", Severity.LOW, f"huge_example/part_{number}.py", 1, kind=Kind.QUALITY)
        for number in range(_MANY)
    ]
    says = Says(tuple(findings), ("network", "process"), tuple(f"dependency-{number}>=1" for number in range(40)))
    project = "an-example-with-a-name-that-is-as-long-as-a-name-can-reasonably-be"
    wheel = build_wheel(project, "2026.11.24.1.dev1000", files)
    return desk.release([wheel], project, "2026.11.24.1.dev1000", says, by="lea")


def _fill_queue(desk: Desk) -> None:
    """More than one page of releases in review."""
    bad = Says((finding("download-exec", Severity.CRITICAL, "x.py", 1, title="Runs what it downloads"),))
    for number in range(26):
        project = f"waiting-example-{number:02}"
        desk.receive(build_wheel(project, "1.0", {"x.py": "x = 1\n"}), project, "1.0", bad, by="lea")
    desk.settle()
