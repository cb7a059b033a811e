"""A small world for tests of holding: people, uploads, inspections that say what they are told to, and a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from index.hold import jobs
from index.hold.assessor import Assessor
from index.hold.decisions import Judgement
from index.hold.facts import current_verdict
from index.hold.gate import Gate
from index.hold.intake import Receipt, ReceivedFile, receive
from index.hold.keeper import Keeper
from index.hold.rulesets import activate_ruleset
from index.store.tables import Decision, File, Message, Submission, SubmissionState, User
from scanner.model import (
    ENGINE_VERSION,
    Confidence,
    Finding,
    Inspection,
    Kind,
    Outcome,
    Reason,
    RuleId,
    RulesetHash,
    Severity,
    Sha256Hex,
    SubmissionFacts,
    Verdict,
    digest,
)
from scanner.policy import Policy
from scanner.ruleset import Ruleset

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from index.services import Services

__all__ = ["ENFORCED", "RULES", "World", "assess_as_told", "inspection_saying", "make_rules"]

#: The rule that the world's policy enforces.
ENFORCED: Final = "say-enforced"

_SETTLE_SECONDS: Final = 10.0


def make_rules(number: int) -> Ruleset:
    """A ruleset without rules; `number` is in its hash."""
    policy = Policy(
        flag_at=5.0,
        severity_weight=dict.fromkeys(Severity, 1.0),
        confidence_factor=dict.fromkeys(Confidence, 1.0),
        role_factor={},
        enforced_rules=frozenset({ENFORCED}),
    )
    return Ruleset(RulesetHash(f"{number:064x}"), None, {}, policy)  # type: ignore[arg-type] # nobody reads its folder


RULES: Final = make_rules(1)


def inspection_saying(word: str, sha: str, filename: str, ruleset: str = RULES.hash) -> Inspection:
    """An inspection with the finding `say-WORD`; `clear` has none."""
    finding = Finding(
        rule=RuleId(f"say-{word}"),
        kind=Kind.BEHAVIOUR,
        title=f"It says {word}",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        member="pkg/__init__.py",
        line=7,
    )
    return Inspection(
        sha256=Sha256Hex(sha),
        filename=filename,
        engine=ENGINE_VERSION,
        ruleset=RulesetHash(ruleset),
        findings=() if word == "clear" else (finding,),
    )


def assess_as_told(facts: SubmissionFacts, ruleset: Ruleset) -> Verdict:
    """The worst word of all inspections."""
    words = {finding.rule.removeprefix("say-") for artifact in facts.artifacts for finding in artifact.findings}
    if words & {"malicious", "enforced"}:
        outcome = Outcome.MALICIOUS
    elif "flagged" in words:
        outcome = Outcome.FLAGGED
    else:
        outcome = Outcome.UNSCANNABLE if facts.failed or "unscannable" in words else Outcome.CLEAR
    reasons = tuple(
        Reason(
            rule=finding.rule,
            kind=finding.kind,
            title=finding.title,
            weight=6.0,
            filename=artifact.filename,
            member=finding.member,
            line=finding.line,
        )
        for artifact in facts.artifacts
        for finding in artifact.findings
    )
    return Verdict(
        outcome=outcome,
        risk=6.0 * len(reasons),
        reasons=reasons,
        summary=f"It is {outcome}.",
        engine=ENGINE_VERSION,
        ruleset=ruleset.hash,
        facts_digest=digest(facts),
    )


class World:
    """What a test of holding can do. Each step is a transaction of its own, as in life."""

    def __init__(self, services: Services, folder: Path, *, rules: Ruleset = RULES) -> None:
        self.services = services
        self.database = services.database
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.rings = 0
        self._keepers: list[Keeper] = []
        services.ring = self._ring
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.says: dict[str, str] = {}
        """What the inspection of an artifact (by SHA-256) says; `clear` where nothing is given."""
        self.use_rules(rules)

    def _ring(self) -> None:
        self.rings += 1

    def use_rules(self, rules: Ruleset, assess: Callable[[SubmissionFacts, Ruleset], Verdict] = assess_as_told) -> None:
        """The rules are active, and the world's keeper and gate judge by them."""
        self.assessor = Assessor(rules, assess)
        self.gate = Gate(self.services, self.assessor)
        self.keeper = Keeper(self.services, assessor=self.assessor)
        self._keepers.append(self.keeper)
        with self.database.write() as session:
            activate_ruleset(session, rules.hash, now=self.now)

    def close(self) -> None:
        """All connections are closed."""
        for keeper in self._keepers:
            keeper.close()
        self.database.dispose()

    def later(self, seconds: float) -> datetime:
        """It is so much later."""
        self.now += timedelta(seconds=seconds)
        return self.now

    def user(self, name: str) -> User:
        """The person, made when first asked for."""
        with self.database.write() as session:
            user = session.scalar(select(User).where(User.username == name))
            if user is None:
                user = User(
                    username=name,
                    email=f"{name}@example.org",
                    fs_uniquifier=name,
                    active=True,
                    create_datetime=self.now,
                    update_datetime=self.now,
                )
                session.add(user)
            return user

    def name_of(self, user_id: int) -> str:
        """The person's name."""
        with self.database.read() as session:
            return session.get_one(User, user_id).username

    def file(self, project: str, version: str, content: str = "", *, tag: str = "py3") -> ReceivedFile:
        """A file whose bytes are stored."""
        data = f"{project} {version} {tag} {content}".encode()
        source = self._folder / "source"
        source.write_bytes(data)
        sha = Sha256Hex(sha256(data).hexdigest())
        self.services.blobs.put(source, sha)
        source.unlink()  # the store may have linked it
        return ReceivedFile(
            filename=f"{project}-{version}-{tag}-none-any.whl",
            packagetype="bdist_wheel",
            project=project,
            display_name=project,
            version=version,
            sha256=sha,
            blake2_256=blake2b(data, digest_size=32).hexdigest(),
            size=len(data),
            metadata_bytes=b"Metadata-Version: 2.1\nName: x\nVersion: 1\n",
            requires_python="",
            attestations=None,
        )

    def receive(self, file: ReceivedFile, by: str = "maya", *, says: str | None = None) -> Receipt:
        """The file is received."""
        if says is not None:
            self.says[file.sha256] = says
        uploader = self.user(by)
        with self.database.write() as session:
            return receive(
                self.database,
                session,
                file,
                uploader=session.get_one(User, uploader.id),
                actor=f"user:{by}",
                now=self.now,
                settle_seconds=_SETTLE_SECONDS,
            )

    def inspect_all(self) -> int:
        """Every job that is claimable has its inspection, and the submissions are advanced."""
        done = 0
        while True:
            with self.database.write() as session:
                job = jobs.claim(session, owner="test", ruleset=self.assessor.ruleset, now=self.now, lease_seconds=30)
                if job is None:
                    return done
                self._answer(session, job)
            done += 1
            for submission in self.submissions_with(job.sha256):
                self.advance(submission.id)

    def _answer(self, session: Session, job: jobs.ClaimedJob) -> None:
        word = self.says.get(job.sha256, "clear")
        if word == "failed":
            jobs.fail_child(session, job, "crashed: as told", now=self.now)
        else:
            inspection = inspection_saying(word, job.sha256, job.filename, job.ruleset)
            assert jobs.finish(session, job, inspection, now=self.now)

    def submissions_with(self, sha: str) -> list[Submission]:
        with self.database.read() as session:
            query = select(Submission).join(File, File.submission_id == Submission.id).where(File.sha256 == sha)
            return list(session.scalars(query))

    def advance(self, submission_id: str) -> SubmissionState:
        with self.database.write() as session:
            return self.gate.advance(session, submission_id, now=self.now)

    def settle(self) -> None:
        """The settle time is over, and the keeper has been by."""
        self.later(_SETTLE_SECONDS + 1)
        self.keeper.tick(self.now)

    def upload(self, project: str, version: str, content: str = "", *, by: str = "maya", says: str = "clear") -> str:
        """A release of one file is received, inspected and judged; its submission's id."""
        receipt = self.receive(self.file(project, version, content), by, says=says)
        self.inspect_all()
        self.settle()
        self.inspect_all()
        return receipt.submission_id

    def submission(self, submission_id: str) -> Submission:
        with self.database.read() as session:
            submission = session.get_one(Submission, submission_id)
            _ = submission.files
            return submission

    def state(self, submission_id: str) -> SubmissionState:
        return SubmissionState(self.submission(submission_id).state)

    def decide(
        self,
        decision: Callable[..., Decision],
        submission_id: str,
        *,
        by: str = "ana",
        revision: int | None = None,
        verdict_id: int | None = -1,
        reason: str = "because",
    ) -> Decision:
        """The person decides on what is there (or on what the test says they saw)."""
        analyst = self.user(by)
        with self.database.write() as session:
            submission = session.get_one(Submission, submission_id)
            verdict = current_verdict(session, submission)
            seen = (verdict.id if verdict is not None else None) if verdict_id == -1 else verdict_id
            judgement = Judgement(
                analyst=session.get_one(User, analyst.id),
                revision=submission.revision if revision is None else revision,
                verdict_id=seen,
                reason=reason,
            )
            return decision(self.services, session, submission, judgement, now=self.now)

    def mails(self) -> list[tuple[str, str]]:
        """Kind and recipient of everything in the outbox."""
        with self.database.read() as session:
            return [(m.kind, m.recipient) for m in session.scalars(select(Message).order_by(Message.id))]
