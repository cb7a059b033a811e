"""Whatever people, the scanner and the operator do in whatever order: the invariants of holding."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from structlog.testing import capture_logs

from index.audit.log import verify
from index.hold import jobs
from index.hold.decisions import DecisionRefused, approve, reject, reopen, restore, withdraw
from index.hold.endings import end_submission
from index.hold.facts import current_verdict
from index.hold.intake import IntakeRefused
from index.hold.rulesets import active_ruleset
from index.hold.submission import LIVE_UNPUBLISHED, SubmissionEvent, TransitionRefused
from index.hold.switches import set_hold_everything
from index.publish.visible import visible_files
from index.store.tables import (
    Artifact,
    Case,
    Decision,
    DecisionKind,
    File,
    FilenameClaim,
    Membership,
    StoredVerdict,
    Submission,
    SubmissionState,
    VerdictArtifact,
)
from scanner.model import Outcome
from tests.index.hold.world import make_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from tests.index.hold.world import World

S = SubmissionState
_WORDS = st.sampled_from(["clear", "clear", "flagged", "malicious", "enforced", "unscannable", "failed"])
_VERSIONS = st.sampled_from(["1.0", "2.0"])
_TAGS = st.sampled_from(["py2", "py3"])
_CONTENTS = st.sampled_from(["a", "b"])
_PEOPLE = st.sampled_from(["maya", "maya", "otto"])
_PICK = st.integers(0, 5)
_SENSIBLE = [
    (S.IN_REVIEW, approve),
    (S.IN_REVIEW, reject),
    (S.PUBLISHED, withdraw),
    (S.WITHDRAWN, restore),
    (S.REJECTED, reopen),
]


class HoldMachine(RuleBasedStateMachine):
    """One project, two versions, two people who upload, an analyst, and rules that change."""

    make_world: Callable[[], World]

    def __init__(self) -> None:
        super().__init__()
        self.world = self.make_world()
        self.ruleset = 1
        self.old_gate = self.world.gate
        self.out: set[str] = set()
        self.logs = capture_logs()
        self.logs.__enter__()

    def teardown(self) -> None:
        self.logs.__exit__(None, None, None)

    def _submissions(self) -> list[str]:
        with self.world.database.read() as session:
            return list(session.scalars(select(Submission.id).order_by(Submission.id)))

    def _in_state(self, *states: SubmissionState) -> list[str]:
        with self.world.database.read() as session:
            query = select(Submission.id).where(Submission.state.in_(states)).order_by(Submission.id)
            return list(session.scalars(query))

    @rule(version=_VERSIONS, tag=_TAGS, content=_CONTENTS, by=_PEOPLE, says=_WORDS)
    def receive(self, *, version: str, tag: str, content: str, by: str, says: str) -> None:
        file = self.world.file("demo", version, content, tag=tag)
        with suppress(IntakeRefused):
            self.world.receive(file, by, says=says)

    @rule(version=_VERSIONS, content=_CONTENTS, by=_PEOPLE, says=_WORDS)
    def receive_and_judge(self, *, version: str, content: str, by: str, says: str) -> None:
        with suppress(IntakeRefused):
            self.world.upload("demo", version, content, by=by, says=says)

    @rule(says=_WORDS, pick=_PICK)
    def a_late_file_joins_what_is_held(self, says: str, pick: int) -> None:
        held = self._in_state(S.SCANNING, S.IN_REVIEW)
        if held:
            submission = self.world.submission(held[pick % len(held)])
            file = self.world.file("demo", submission.release.version, tag=f"py3{pick}")
            opener = self.world.name_of(submission.opened_by_id)
            with suppress(IntakeRefused):
                self.world.receive(file, opener, says=says)

    @rule()
    def inspect_one(self) -> None:
        world = self.world
        with world.database.write() as session:
            job = jobs.claim(session, owner="m", ruleset=world.assessor.ruleset, now=world.now, lease_seconds=30)
            if job is None:
                return
            world._answer(session, job)
        for submission in world.submissions_with(job.sha256):
            world.advance(submission.id)

    @rule()
    def inspect_everything(self) -> None:
        self.world.inspect_all()

    @rule()
    def a_worker_dies(self) -> None:
        world = self.world
        with world.database.write() as session:
            jobs.claim(session, owner="dead", ruleset=world.assessor.ruleset, now=world.now, lease_seconds=5)

    @rule(seconds=st.sampled_from([1, 11, 70]))
    def keep(self, seconds: int) -> None:
        self.world.keeper.tick(self.world.later(seconds))

    @rule(pick=_PICK)
    def advance_out_of_turn(self, pick: int) -> None:
        ids = self._submissions()
        if ids:
            self.world.advance(ids[pick % len(ids)])

    @precondition(lambda self: self.ruleset < 4)
    @rule(data=st.data())
    def use_other_rules_which_may_think_otherwise(self, data: st.DataObject) -> None:
        self.ruleset += 1
        for sha in sorted(self.world.says):
            self.world.says[sha] = data.draw(_WORDS)
        self.old_gate = self.world.gate
        self.world.use_rules(make_rules(self.ruleset))
        self.world.later(11)
        for submission in self._in_state(S.SCANNING):  # workers that have not heard of the new rules
            with self.world.database.write() as session:
                self.old_gate.advance(session, submission, now=self.world.now)
        if data.draw(st.booleans()):
            self.world.keeper.tick(self.world.now)
            self.world.inspect_all()

    @rule(pick=_PICK)
    def an_old_worker_advances(self, pick: int) -> None:
        ids = self._submissions()
        if ids:
            with self.world.database.write() as session:
                self.old_gate.advance(session, ids[pick % len(ids)], now=self.world.now)

    @rule(pick=_PICK, stale=st.booleans(), data=st.data())
    def decide(self, pick: int, stale: bool, data: st.DataObject) -> None:
        """Mostly what can be decided; sometimes what cannot."""
        state, decision = data.draw(st.sampled_from(_SENSIBLE))
        ids = self._in_state(state) if pick else self._submissions()
        if ids:
            with suppress(DecisionRefused):
                self.world.decide(decision, ids[pick % len(ids)], revision=1 if stale else None)

    @rule(pick=_PICK)
    def reject_and_reopen(self, pick: int) -> None:
        ids = self._in_state(S.IN_REVIEW)
        if ids:
            self.world.decide(reject, ids[pick % len(ids)])
            self.world.decide(reopen, ids[pick % len(ids)])

    @rule(pick=_PICK, event=st.sampled_from([SubmissionEvent.CANCELED, SubmissionEvent.RETRACTED]))
    def end(self, pick: int, event: SubmissionEvent) -> None:
        ids = self._in_state(*LIVE_UNPUBLISHED)
        if ids:
            with suppress(TransitionRefused), self.world.database.write() as session:
                end_submission(
                    self.world.database, session, ids[pick % len(ids)], event, actor="user:maya", now=self.world.now
                )

    @rule(on=st.booleans())
    def hold_everything(self, on: bool) -> None:
        with self.world.database.write() as session:
            set_hold_everything(session, on=on, actor="user:root", now=self.world.now)

    @invariant()
    def whatever_has_just_been_published_has_a_reason(self) -> None:
        """Asked of the record after every step, while the rules that were active then are active still."""
        with self.world.database.read() as session:
            published = session.scalars(select(Submission).where(Submission.state == S.PUBLISHED)).all()
            for submission in published:
                assert submission.id in self.out or _has_reason(session, submission), submission.id
        self.out = {submission.id for submission in published}

    @invariant()
    def a_release_has_at_most_one_unpublished_live_submission(self) -> None:
        with self.world.database.read() as session:
            live = session.scalars(select(Submission.release_id).where(Submission.state.in_(LIVE_UNPUBLISHED))).all()
        assert len(live) == len(set(live))

    @invariant()
    def claims_are_those_of_what_is_live_or_was_published(self) -> None:
        with self.world.database.read() as session:
            expected: dict[str, tuple[str, str]] = {}
            query = select(File, Submission).join(Submission, Submission.id == File.submission_id)
            for file, submission in session.execute(query):
                if submission.state in (*LIVE_UNPUBLISHED, S.PUBLISHED, S.WITHDRAWN):
                    assert file.filename not in expected, "two submissions have one filename"
                    expected[file.filename] = (submission.id, file.sha256)
            claims = {c.filename: (c.submission_id, c.sha256) for c in session.scalars(select(FilenameClaim))}
            burned = {c.submission_id for c in session.scalars(select(FilenameClaim).where(FilenameClaim.burned))}
            out = set(session.scalars(select(Submission.id).where(Submission.state.in_((S.PUBLISHED, S.WITHDRAWN)))))
        assert claims == expected
        assert burned == out

    @invariant()
    def what_is_visible_is_published_and_not_rejected(self) -> None:
        with self.world.database.read() as session:
            for file in visible_files(session, "demo"):
                assert file.submission.state == S.PUBLISHED
                assert file.artifact.rejected_at is None

    @invariant()
    def a_verdict_speaks_of_all_files_of_its_revision(self) -> None:
        with self.world.database.read() as session:
            for submission in session.scalars(select(Submission)):
                verdict = current_verdict(session, submission)
                if verdict is not None:
                    spoken = session.scalars(
                        select(VerdictArtifact.filename).where(VerdictArtifact.verdict_id == verdict.id)
                    )
                    assert sorted(spoken) == sorted(file.filename for file in submission.files)

    @invariant()
    def exactly_what_is_rejected_is_refused(self) -> None:
        with self.world.database.read() as session:
            query = select(Artifact.rejected_at).join(File, File.sha256 == Artifact.sha256)
            query = query.join(Submission, Submission.id == File.submission_id).where(Submission.state == S.REJECTED)
            assert None not in session.scalars(query).all()
            refused = set(session.scalars(select(Artifact.sha256).where(Artifact.rejected_at.is_not(None))))
            in_rejected = select(File.sha256).join(Submission).where(Submission.state == S.REJECTED)
            assert refused == set(session.scalars(in_rejected))

    @invariant()
    def in_review_means_exactly_one_open_case(self) -> None:
        with self.world.database.read() as session:
            open_cases = list(session.scalars(select(Case.submission_id).where(Case.closed_at.is_(None))))
            states = {s.id: s.state for s in session.scalars(select(Submission))}
        assert len(open_cases) == len(set(open_cases))
        assert {key for key, state in states.items() if state == S.IN_REVIEW} <= set(open_cases)
        assert {states[key] for key in open_cases} <= {S.IN_REVIEW, S.PUBLISHED}

    @invariant()
    def what_is_live_has_an_owner_and_nobody_else(self) -> None:
        with self.world.database.read() as session:
            owners: dict[int, set[int]] = {}
            for membership in session.scalars(select(Membership)):
                owners.setdefault(membership.project_id, set()).add(membership.user_id)
            for submission in session.scalars(select(Submission).where(Submission.state.in_(LIVE_UNPUBLISHED))):
                assert owners.get(submission.release.project_id) == {submission.opened_by_id}

    @invariant()
    def the_log_verifies(self) -> None:
        with self.world.database.read() as session:
            verify(session)


def _has_reason(session: Session, submission: Submission) -> bool:
    """An approval that is the last word on this revision, or a clear verdict on it under the active rules."""
    this_revision = (Decision.submission_id == submission.id, Decision.revision == submission.revision)
    decision = session.scalars(select(Decision.kind).where(*this_revision).order_by(Decision.id.desc())).first()
    if decision is not None:
        return decision in (DecisionKind.APPROVE, DecisionKind.RESTORE)
    verdicts = session.scalars(
        select(StoredVerdict)
        .where(StoredVerdict.submission_id == submission.id, StoredVerdict.revision == submission.revision)
        .order_by(StoredVerdict.id.desc())
    ).all()
    if {verdict.outcome for verdict in verdicts} & {Outcome.FLAGGED, Outcome.MALICIOUS}:
        return False  # a person was asked, and has not answered
    return bool(verdicts) and verdicts[0].outcome == Outcome.CLEAR and verdicts[0].ruleset == active_ruleset(session)


@pytest.mark.parametrize("examples", [15, pytest.param(500, marks=pytest.mark.full)])
def test_the_invariants_hold_whatever_happens(make_world: Callable[[], World], examples: int) -> None:
    machine: Any = type("Machine", (HoldMachine,), {"make_world": staticmethod(make_world)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
