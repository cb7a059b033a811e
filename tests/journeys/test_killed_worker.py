"""A worker that is killed during an inspection costs time, and nothing else."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from index.store.tables import File, Job, StoredInspection, StoredVerdict
from tests.fixtures.artifacts import build_wheel
from tests.servers.instance import running_instance, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.instance import Instance

#: Enough source that the inspection lasts long enough to be killed in its middle.
BUSY = "\n".join(f"def function_{n}(argument):\n    return [argument + {n}, str(argument)]\n" for n in range(6000))


def running_job(instance: Instance) -> Job | None:
    database = instance.database()
    with database.read() as session:
        job = session.scalars(select(Job).where(Job.state == "running")).first()
    database.dispose()
    return job


def test_the_inspection_is_done_once_more_and_judged_once(tmp_path: Path) -> None:
    environment = {"PRATIQUE_SETTLE_SECONDS": "0.5", "PRATIQUE_LEASE_SECONDS": "2", "PRATIQUE_RESEND_SECONDS": "5"}
    files = {f"busy/part_{n}.py": BUSY.replace("function_", f"part_{n}_") for n in range(8)}
    filename, data = build_wheel("busy", "1.0", {"busy/__init__.py": "", **files})
    with running_instance(tmp_path / "var", environment) as instance:
        assert instance.upload(filename, data).status_code == 200
        until(lambda: running_job(instance), seconds=10, what="the inspection runs")

        for pid in instance.processes("celery"):
            os.kill(pid, signal.SIGKILL)

        assert instance.get("/simple/busy/").status_code == 404
        until(lambda: instance.get("/simple/busy/").ok, seconds=60, what="it is published after all")

        database = instance.database()
        with database.read() as session:
            digest = session.scalars(select(File.sha256)).one()
            assert session.scalar(select(func.count()).select_from(StoredVerdict)) == 1
            assert session.scalar(select(func.count()).select_from(StoredInspection)) == 1
            job = session.scalars(select(Job).where(Job.sha256 == digest)).one()
            assert (job.state, job.attempt, job.failures) == ("done", 2, 0)
        database.dispose()
        assert instance.processes("scanner.sandbox"), "the new worker has a fork server"
