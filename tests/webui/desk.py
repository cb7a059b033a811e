"""A desk full of releases for the tests of pages: real archives and accounts, inspections that say what they are told.

They go the way of an upload (intake, job, gate), so that every row is one that the index itself would write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import update

from index.accounts.keys import Keys
from index.accounts.people import Account, NewUser, create_user, hash_password
from index.hold import jobs
from index.hold.assessor import Assessor
from index.hold.decisions import Judgement
from index.hold.gate import Gate
from index.hold.intake import ReceivedFile, receive
from index.hold.keeper import Keeper
from index.hold.rulesets import activate_ruleset
from index.review.choices import decide
from index.review.facts import current_verdicts
from index.store.tables import DecisionKind, Membership, MembershipRole, Project, Submission, SubmissionState, User
from scanner.archive import walk
from scanner.model import (
    ENGINE_VERSION,
    ArtifactMetadata,
    Confidence,
    Finding,
    Inspection,
    Kind,
    MemberFact,
    ProvenanceFact,
    Role,
    RuleId,
    Severity,
    Sha256Hex,
)
from tests.fixtures.artifacts import core_metadata
from tests.webui.rules import made_ruleset

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from index.services import Services
    from tests.fixtures.artifacts import Artifact

__all__ = ["Desk", "Says", "finding"]

_SETTLE: Final = 10.0

#: Every layer, so that no policy about the sandbox speaks in these tests.
_SANDBOX: Final = ("rlimits", "no_new_privs", "seccomp", "netns", "landlock", "userns", "pidns")


def finding(rule: str, severity: Severity, member: str = "", line: int | None = None, **more: object) -> Finding:
    """A finding of behaviour, which the caller can make more of."""
    given: dict[str, object] = {
        "rule": RuleId(rule),
        "kind": Kind.BEHAVIOUR,
        "title": rule.replace("-", " ").capitalize(),
        "severity": severity,
        "confidence": Confidence.HIGH,
        "role": Role.IMPORT,
        "member": member,
        "line": line,
    }
    return msgspec.convert(given | more, Finding)


@dataclass(frozen=True, slots=True)
class Says:
    """What the inspection of a file says; `failed` is a child that dies each time."""

    findings: tuple[Finding, ...] = ()
    capabilities: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    failed: bool = False


@dataclass(slots=True)
class Desk:
    """Accounts, releases and a clock. Each step is a transaction of its own, as in life."""

    services: Services
    folder: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=3))
    people: dict[str, NewUser] = field(default_factory=dict)
    _says: dict[str, Says] = field(default_factory=dict)
    assessor: Assessor = field(init=False)

    def __post_init__(self) -> None:
        self.keys = Keys.load(self.services.settings.data_folder)
        self.assessor = Assessor(made_ruleset())
        with self.services.database.write() as session:
            activate_ruleset(session, self.assessor.ruleset, now=self.now)

    keys: Keys = field(init=False)

    def account(self, name: str, *roles: str) -> NewUser:
        """The account, made when first asked for; those with roles have a second factor."""
        if name not in self.people:
            wanted = Account(
                username=name,
                email=f"{name}@example.org",
                password=f"correct horse of {name}",
                roles=roles,
                totp=bool(roles),
            )
            with self.services.database.write() as session:
                self.people[name] = create_user(session, wanted, keys=self.keys, now=self.now, actor="system:test")
        return self.people[name]

    def set_password(self, name: str, password: str) -> None:
        """The account has that password."""
        self.change_account(name, password=hash_password(password, self.keys))

    def change_account(self, name: str, **values: object) -> None:
        """The account's row has these values."""
        with self.services.database.write() as session:
            session.execute(update(User).where(User.username == name).values(**values))

    def join(self, name: str, project: str, role: MembershipRole = MembershipRole.MAINTAINER) -> None:
        """The account is a member of the project."""
        user = self.account(name).user
        with self.services.database.write() as session:
            found = session.query(Project).filter_by(name=project).one()
            session.add(Membership(user_id=user.id, project_id=found.id, role=role))

    def receive(
        self,
        artifact: Artifact,
        project: str,
        version: str,
        says: Says = Says(),
        *,
        by: str = "maya",
        attested_by: str = "",
    ) -> str:
        """The file is received and its bytes are stored; the submission's id."""
        digest = self._store(artifact.data)
        self._says[digest] = says
        uploader = self.account(by).user
        fact = ProvenanceFact(artifact.filename, "publish", "GitHub", attested_by)
        file = ReceivedFile(
            filename=artifact.filename,
            packagetype="bdist_wheel" if artifact.filename.endswith(".whl") else "sdist",
            project=project,
            display_name=project,
            version=version,
            sha256=digest,
            blake2_256=blake2b(artifact.data, digest_size=32).hexdigest(),
            size=len(artifact.data),
            metadata_bytes=core_metadata(project, version),
            requires_python=">=3.8",
            attestations="[]" if attested_by else None,
            provenance=msgspec.json.encode([fact]).decode() if attested_by else None,
        )
        with self.services.database.write() as session:
            return receive(
                self.services.database,
                session,
                file,
                uploader=session.get_one(User, uploader.id),
                actor=f"user:{by}",
                now=self.now,
                settle_seconds=_SETTLE,
            ).submission_id

    def _store(self, data: bytes) -> Sha256Hex:
        digest = Sha256Hex(sha256(data).hexdigest())
        source = self.folder / "incoming-bytes"
        source.write_bytes(data)
        self.services.blobs.put(source, digest)
        source.unlink()  # the store may have linked it: writing to it again would change the blob
        return digest

    def settle(self) -> None:
        """All files have come, are inspected and judged."""
        keeper = Keeper(self.services, assessor=self.assessor)
        self.later(seconds=_SETTLE + 1)
        keeper.tick(self.now)
        while self._inspect_one():
            self.later(seconds=1)
        self.later(seconds=31)
        keeper.tick(self.now)
        keeper.close()

    def later(self, **how_much: float) -> None:
        """It is so much later."""
        self.now += timedelta(**how_much)

    def release(
        self, artifacts: Iterable[Artifact], project: str, version: str, says: Says = Says(), *, by: str = "maya"
    ) -> str:
        """A whole release, received, inspected and judged; the submission's id. Its first file says `says`."""
        ids = [
            self.receive(artifact, project, version, says if number == 0 else Says(), by=by)
            for number, artifact in enumerate(artifacts)
        ]
        self.settle()
        return ids[0]

    def decide(self, submission_id: str, kind: str, reason: str, *, by: str = "ana") -> None:
        """An analyst decides on what is there."""
        analyst = self.account(by, "analyst").user
        with self.services.database.write() as session:
            submission = session.get_one(Submission, submission_id)
            verdict = current_verdicts(session, [submission_id]).get(submission_id)
            judgement = Judgement(
                analyst=session.get_one(User, analyst.id),
                revision=submission.revision,
                verdict_id=verdict.id if verdict else None,
                reason=reason,
            )
            decide(self.services, session, submission, DecisionKind(kind), judgement, now=self.now)

    def state(self, submission_id: str) -> SubmissionState:
        """Where the submission stands."""
        with self.services.database.read() as session:
            return SubmissionState(session.get_one(Submission, submission_id).state)

    def _inspect_one(self) -> bool:
        with self.services.database.write() as session:
            job = jobs.claim(session, owner="test", ruleset=self.assessor.ruleset, now=self.now, lease_seconds=30)
            if job is None:
                return False
            says = self._says[job.sha256]
            if says.failed:
                jobs.fail_child(session, job, "the child was killed: 1 GiB of memory is the limit", now=self.now)
            else:
                jobs.finish(session, job, self._inspection(job, says), now=self.now)
        gate = Gate(self.services, self.assessor)
        with self.services.database.write() as session:
            for (submission_id,) in session.query(Submission.id).filter(
                Submission.files.any(sha256=job.sha256), Submission.state == SubmissionState.SCANNING
            ):
                gate.advance(session, submission_id, now=self.now)
        return True

    def _inspection(self, job: jobs.ClaimedJob, says: Says) -> Inspection:
        data = self.services.blobs.path(job.sha256).read_bytes()
        return Inspection(
            sha256=job.sha256,
            filename=job.filename,
            engine=ENGINE_VERSION,
            ruleset=job.ruleset,
            findings=says.findings,
            members=tuple(
                MemberFact(one.name, Sha256Hex(sha256(one.data).hexdigest()), len(one.data), _role(one.name))
                for one in walk(data, job.filename)
            ),
            metadata=ArtifactMetadata(
                name=job.filename.partition("-")[0],
                version=job.filename.split("-")[1].removesuffix(".tar.gz"),
                summary="Colours for terminals, the small way",
                author_email="Maya Example <maya@example.org>",
                requires_python=">=3.8",
                requires_dist=says.requires,
                project_urls=("Source, https://code.example.invalid/project",),
            ),
            capabilities=says.capabilities,
            sandbox_level=_SANDBOX,
        )


def _role(name: str) -> Role:
    if name.endswith("setup.py"):
        return Role.INSTALL
    if "/tests/" in name:
        return Role.TEST
    return Role.IMPORT if name.endswith(".py") else Role.NEVER
