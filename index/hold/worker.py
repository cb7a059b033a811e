"""The worker: claims jobs, has them inspected in the sandbox, and hands what was found to the gate.

A worker trusts nothing but the database: a message only wakes it, and a lease that it lost makes its result void.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, Self

import structlog
from sqlalchemy import select

from index.hold import jobs
from index.hold.assessor import Assessor
from index.hold.bases import base_of
from index.hold.gate import Gate
from index.store.blobs import BlobCorrupt, BlobMissing, BlobsUnreachable
from index.store.tables import File, Submission, SubmissionState
from scanner.cache import Cache, CacheUnusable
from scanner.ruleset import Ruleset
from scanner.sandbox import CachingSandbox, FailureReason, InspectionFailed, Sandbox, SandboxLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from index.hold.jobs import ClaimedJob
    from index.services import Services
    from index.settings import Settings
    from scanner.model import Inspection, RulesetHash, Sha256Hex

__all__ = ["Inspector", "Worker", "cache_of"]

_log = structlog.get_logger()

#: In these states an inspection can change something.
_JUDGED = (SubmissionState.SCANNING, SubmissionState.IN_REVIEW, SubmissionState.WITHDRAWN)


def _end_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def cache_of(settings: Settings) -> Cache | None:
    """The folder of what was inspected before; none where it is switched off or cannot be had."""
    if not settings.inspection_cache_bytes:
        return None
    try:
        return Cache(settings.inspections_folder, max_bytes=settings.inspection_cache_bytes)
    except CacheUnusable as error:
        _log.warning("cache.unusable", error=str(error))
        return None


class Inspector(Protocol):
    """What the worker needs of a sandbox."""

    ruleset_hash: RulesetHash

    def inspect(self, artifact: Path, filename: str, *, base: Sha256Hex | None = None) -> Inspection:
        """What the scanner finds; `base` may speak for members that both have. Raises `InspectionFailed`."""

    def close(self) -> None:
        """It has ended."""


class Worker:
    """Works off jobs of one ruleset. Threads may share one."""

    def __init__(
        self,
        services: Services,
        sandbox: Inspector,
        *,
        assessor: Assessor,
        end_process: Callable[[], None] = _end_process,
    ) -> None:
        self._services = services
        self._end_process = end_process
        self._retired = False
        self._sandbox = sandbox
        self._gate = Gate(services, assessor)
        self._owner = f"{socket.gethostname()}:{os.getpid()}"[:80]

    @classmethod
    def open(cls, services: Services) -> Self:
        """A worker with a sandbox of its own.

        Raises:
            SandboxUnavailable: no fork server could be started.
            RulesetBroken: the rules cannot be loaded.
        """
        settings = services.settings
        limits = SandboxLimits(wall_seconds=settings.inspection_seconds, memory_bytes=settings.inspection_bytes)
        assessor = Assessor(Ruleset.load(services.rules_folder))
        sandbox = Sandbox(services.rules_folder, limits=limits)
        return cls(services, CachingSandbox.around(sandbox, cache_of(settings)), assessor=assessor)

    def close(self) -> None:
        """The sandbox has ended; what it was inspecting is left to others."""
        self._sandbox.close()

    def work(self) -> int:
        """Nothing is claimable any more; how many jobs this call has taken."""
        taken = 0
        while (job := self._claim()) is not None:
            taken += 1
            with structlog.contextvars.bound_contextvars(job=job.id, filename=job.filename, attempt=job.attempt):
                self._run(job)
        return taken

    def _retire(self) -> None:
        """The rules on disk have changed: this worker takes nothing more, and its process ends.

        Whoever keeps workers alive starts the next one, with the rules of then.
        """
        if not self._retired:
            self._retired = True
            _log.error("worker.rules_changed", ruleset=self._sandbox.ruleset_hash)
            self._end_process()

    def _claim(self) -> ClaimedJob | None:
        if self._retired:
            return None
        lease = self._services.settings.lease_seconds
        owner = f"{self._owner}:{threading.get_ident()}"
        with self._services.database.write() as session:
            now = jobs.lease_clock(session)
            return jobs.claim(session, owner=owner, ruleset=self._sandbox.ruleset_hash, now=now, lease_seconds=lease)

    def _run(self, job: ClaimedJob) -> None:
        try:
            with self._leased(job):
                with self._services.database.read() as session:
                    base = base_of(session, job.sha256, job.filename)
                inspection = self._sandbox.inspect(self._services.blobs.path(job.sha256), job.filename, base=base)
            self._finish(job, inspection)
        except (BlobMissing, BlobCorrupt) as error:  # another try finds the same
            _log.error("job.no_bytes", error=str(error))
            self._fail(job, str(error), for_good=True)
        except BlobsUnreachable as error:  # as if this worker had died: when the lease is over, somebody tries again
            _log.error("job.bytes_unreachable", error=str(error))
        except InspectionFailed as error:
            _log.warning("job.inspection_failed", error=str(error))
            if error.reason is FailureReason.STALE:
                self._give_back(job, str(error))
                self._retire()
            elif error.reason is FailureReason.GONE:
                self._give_back(job, str(error))
            else:
                self._fail(job, str(error))
        except (ValueError, OSError, jobs.WrongInspection) as error:
            _log.exception("job.failed")
            self._fail(job, f"{type(error).__name__}: {error}")
        self._advance(job)

    @contextmanager
    def _leased(self, job: ClaimedJob) -> Iterator[None]:
        """The lease is renewed for as long as the block runs."""
        stop = threading.Event()
        renewer = threading.Thread(target=self._renew, args=(job, stop), name=f"lease-{job.id}", daemon=True)
        renewer.start()
        try:
            yield
        finally:
            stop.set()
            renewer.join()

    def _renew(self, job: ClaimedJob, stop: threading.Event) -> None:
        lease = self._services.settings.lease_seconds
        while not stop.wait(lease / 3):
            try:
                with self._services.database.write() as session:
                    now = jobs.lease_clock(session)
                    ours = jobs.renew(session, job, now=now, lease_seconds=lease)
            except Exception:  # noqa: BLE001 # the next turn may succeed; if none does, the lease runs out and fences us
                _log.warning("lease.not_renewed", job=job.id, exc_info=True)
                continue
            if not ours:
                _log.warning("lease.lost", job=job.id)
                return

    def _finish(self, job: ClaimedJob, inspection: Inspection) -> None:
        with self._services.database.write() as session:
            ours = jobs.finish(session, job, inspection, now=jobs.lease_clock(session))
        _log.info("job.done" if ours else "job.result_thrown_away", findings=len(inspection.findings))

    def _fail(self, job: ClaimedJob, error: str, *, for_good: bool = False) -> None:
        with self._services.database.write() as session:
            fail = jobs.fail if for_good else jobs.fail_child
            fail(session, job, error, now=jobs.lease_clock(session))

    def _give_back(self, job: ClaimedJob, error: str) -> None:
        with self._services.database.write() as session:
            jobs.give_back(session, job, error, now=jobs.lease_clock(session))

    def _advance(self, job: ClaimedJob) -> None:
        """Every submission that holds the artifact is where the inspection takes it; else the keeper sees to it."""
        with self._services.database.read() as session:
            query = select(File.submission_id).join(Submission, Submission.id == File.submission_id)
            query = query.where(File.sha256 == job.sha256, File.filename == job.filename)
            waiting = session.scalars(query.where(Submission.state.in_(_JUDGED)).distinct()).all()
        for submission_id in waiting:
            try:
                with self._services.database.write() as session:
                    state = self._gate.advance(session, submission_id, now=jobs.lease_clock(session))
            except Exception:  # noqa: BLE001 # it stays held, the keeper tries again, and the next job is not to blame
                _log.exception("submission.not_advanced", submission=submission_id)
            else:
                _log.info("submission.advanced", submission=submission_id, state=state)
