"""A worker process for tests: `celery -A tests.index.hold.celery_worker`, with a sandbox that says what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.hold.assessor import Assessor
from index.hold.queue import make_worker_app
from index.hold.worker import Worker
from index.settings import Settings
from tests.index.hold.world import RULES, assess_as_told, inspection_saying

if TYPE_CHECKING:
    from pathlib import Path

    from index.services import Services
    from scanner.model import Inspection, Sha256Hex


class _Sandbox:
    ruleset_hash = RULES.hash

    def inspect(self, artifact: Path, filename: str, *, base: Sha256Hex | None = None) -> Inspection:  # noqa: ARG002 # the worker gives it
        return inspection_saying("clear", artifact.name, filename)

    def close(self) -> None:
        """Nothing to close."""


def _open_worker(services: Services) -> Worker:
    return Worker(services, _Sandbox(), assessor=Assessor(RULES, assess_as_told))


app = make_worker_app(Settings(), open_worker=_open_worker)
