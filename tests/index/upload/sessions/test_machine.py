"""The two state charts of PEP 694, walked at random against the real application on SQLite."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from structlog.testing import capture_logs

from index.audit.log import verify
from index.hold.decisions import approve, reject
from index.store.tables import Artifact as StoredArtifact
from index.store.tables import File, FilenameClaim, Membership, PublishingSession
from tests.clients.pep694 import Problem, Release
from tests.index.upload.sessions.conftest import wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.artifacts import Artifact
    from tests.index.upload.sessions.conftest import Stage

TAGS = st.sampled_from(["py2-none-any", "py3-none-any"])
WORDS = st.sampled_from(["clear", "flagged", "enforced"])
ACTS = st.lists(st.sampled_from(["announce", "complete", "send", "send wrong bytes", "delete"]), min_size=1, max_size=5)
EDITABLE = ("open", "error")
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@dataclass
class ModelFile:
    """A file session as PEP 694 has it."""

    document: dict[str, Any]
    artifact: Artifact
    status: str = "pending"
    came: bool = False
    word: str = "clear"
    rejected: bool = False
    """It belongs to an attempt that was rejected."""

    @property
    def ready(self) -> bool:
        """It may be published."""
        return self.status == "completed" and not self.rejected


@dataclass
class Model:
    """A publishing session as PEP 694 has it."""

    release: Release
    status: str = "open"
    in_review: bool = False
    files: dict[str, ModelFile] = field(default_factory=dict)
    gone: list[ModelFile] = field(default_factory=list)

    def drop(self, filename: str) -> None:
        file = self.files.pop(filename)
        file.status = "canceled"
        self.gone.append(file)

    def find(self, tag: str) -> ModelFile | None:
        """The file of that tag: the present one, else the latest that is gone."""
        everything = (*self.files.values(), *reversed(self.gone))
        return next((file for file in everything if tag in file.artifact.filename), None)


class SessionMachine(RuleBasedStateMachine):
    """One release, two filenames, one uploader, one scanner that says what it is told, one analyst."""

    make_stage: Callable[[], Stage]
    seen: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.logs = capture_logs()
        self.logs.__enter__()
        self.stage = self.make_stage()
        self.world = self.stage.world
        self.client = self.stage.client()
        self.before: list[Model] = []
        self.burned: set[str] = set()
        self.distrusted = False
        self.count = 0
        self.now = Model(self.client.open("demo", "1.0"))

    def teardown(self) -> None:
        self.logs.__exit__(None, None, None)

    def refused(self, act: Callable[[], object], status: int) -> None:
        with pytest.raises(Problem) as caught:
            act()
        assert caught.value.status == status, caught.value

    # The session

    @rule()
    def open_session(self) -> None:
        if self.now.status in {"open", "processing", "error"}:
            with pytest.raises(Problem) as caught:
                self.client.open("demo", "1.0")
            assert (caught.value.status, caught.value.location) == (409, self.now.release.links["session"])
            return
        self.before.append(self.now)
        self.now = Model(self.client.open("demo", "1.0"))

    @rule()
    def publish(self) -> None:
        now = self.now
        if now.status in {"processing", "published"}:
            assert now.release.publish() == now.status
        elif now.status == "canceled" or not now.files or not all(file.ready for file in now.files.values()):
            self.refused(now.release.publish, 409)
        else:
            assert now.release.publish() == "processing"
            now.status = "processing"

    @rule()
    def cancel(self) -> None:
        if self.now.status in {"processing", "published"}:
            self.refused(self.now.release.cancel, 409)
            return
        self.now.release.cancel()
        self.now.status = "canceled"

    @rule(seconds=st.sampled_from([0, 60, 10**9]))
    def extend(self, seconds: int) -> None:
        release = self.now.release
        if self.now.status in {"published", "canceled"}:
            self.refused(lambda: release.extend(seconds), 409)
            return
        before = release.document["expires-at"]
        assert release.extend(seconds) >= before

    # Files

    @rule(tag=TAGS, word=WORDS, acts=ACTS)
    def work_on_a_file(self, tag: str, word: str, acts: list[str]) -> None:
        for act in acts:
            file = self.now.find(tag)
            if act == "announce":
                self._announce(tag, word)
            elif file is not None and act == "complete":
                self._complete(file)
            elif file is not None and act == "delete":
                self._delete(file)
            elif file is not None:
                self._send(file, right=act == "send")
            self.the_server_says_what_the_charts_say()

    @rule(tag=TAGS, word=WORDS)
    def bring_out(self, tag: str, word: str) -> None:
        """The whole way, so that walks come far."""
        self.open_session()
        if self.now.status in EDITABLE:
            there = self.now.find(tag)
            if there is not None and there.status in {"pending", "error"}:
                self._delete(there)
            self._announce(tag, word)
            file = self.now.find(tag)
            if file is not None:
                self._send(file, right=True)
                self._complete(file)
            self.publish()
            self.judge()

    def _announce(self, tag: str, word: str) -> None:
        now = self.now
        self.count += 1
        artifact = wheel(str(self.count), tag=tag)
        there = now.files.get(artifact.filename)
        in_the_way = there is not None and there.status in {"pending", "error"}
        if now.status not in EDITABLE or in_the_way or artifact.filename in self.burned:
            self.refused(lambda: now.release.announce(*artifact), 409)
            return
        document = now.release.announce(*artifact)
        if there is not None:
            now.drop(artifact.filename)
        self.world.says[sha256(artifact.data).hexdigest()] = word
        now.files[artifact.filename] = ModelFile(document, artifact, word=word)

    def _send(self, file: ModelFile, *, right: bool) -> None:
        url = file.document["mechanism"]["file_url"]
        data = file.artifact.data if right else file.artifact.data[:-1]

        def act() -> object:
            return self.client.send_raw(url, data, "application/octet-stream")

        if self.now.status not in EDITABLE or file.status != "pending":
            self.refused(act, 409)
        elif not right:
            self.refused(act, 400)
        else:
            act()
            file.came = True

    def _complete(self, file: ModelFile) -> None:
        release = self.now.release
        if self.now.status not in EDITABLE or file.status != "pending":
            self.refused(lambda: release.complete(file.document), 409)
        elif not file.came:
            self.refused(lambda: release.complete(file.document), 400)
            file.status = "error"
        else:
            release.complete(file.document)
            file.status = "completed"

    def _delete(self, file: ModelFile) -> None:
        now = self.now
        if file.status != "canceled" and now.status in {"processing", "published"}:
            self.refused(lambda: now.release.delete(file.document), 409)
            return
        now.release.delete(file.document)
        if file.status != "canceled" and now.status != "canceled":
            now.drop(file.artifact.filename)

    # What happens on our side

    @precondition(lambda self: self.now.status == "processing")
    @rule()
    def judge(self) -> None:
        self.world.inspect_all()
        self.world.later(1)
        self.world.keeper.tick(self.world.now)
        self.world.inspect_all()
        if self.now.status != "processing" or self.now.in_review:
            return
        words = {file.word for file in self.now.files.values()}
        if "enforced" in words:
            self._rejected()
        elif "flagged" in words or self.distrusted:
            self.now.in_review = True
        else:
            self._published()

    @precondition(lambda self: self.now.in_review)
    @rule(yes=st.booleans())
    def decide(self, yes: bool) -> None:
        self.now.in_review = False
        self.world.decide(approve if yes else reject, self._submission_id())
        if yes:
            self._published()
        else:
            self._rejected()

    @precondition(lambda self: not self.burned and self.now.files)  # what is out takes no files after so long a time
    @rule()
    def a_long_time_goes_by(self) -> None:
        self.judge()
        if self.burned:
            return
        self.world.later(30 * 86400)
        self.world.keeper.tick(self.world.now)
        if self.now.status in EDITABLE:
            self.now.status = "canceled"

    def _submission_id(self) -> str:
        with self.world.database.read() as session:
            record = session.get_one(PublishingSession, self.now.release.links["session"].rpartition("/")[2])
            return record.submission_id

    def _published(self) -> None:
        self.now.status = "published"
        self.burned |= set(self.now.files)

    def _rejected(self) -> None:
        self.now.status, self.distrusted = "error", True
        for file in self.now.files.values():
            file.rejected = True

    # What must be true at any time

    @invariant()
    def the_server_says_what_the_charts_say(self) -> None:
        for model in (*self.before, self.now):
            self.seen.add(f"session {model.status}")
            assert model.release.look() == model.status
            shown = {name: entry["status"] for name, entry in model.release.document["files"].items()}
            expected = {name: file.status for name, file in model.files.items()}
            assert shown == ({} if model.status == "canceled" else expected)
            assert "stage" not in model.release.links
            for file in (*model.files.values(), *model.gone):
                self.seen.add(f"file {file.status}")
                status = self.client.send("GET", file.document["links"]["file-upload-session"]).json()["status"]
                assert status == ("canceled" if model.status == "canceled" else file.status)
            if model.status == "error":
                assert any("rejected" in notice for notice in model.release.document["notices"])

    @invariant()
    def only_what_is_published_is_visible(self) -> None:
        answer = self.stage.app.test_client().get("/simple/demo/", headers=JSON)
        shown = {file["filename"] for file in answer.get_json()["files"]} if answer.status_code == 200 else set()
        with self.world.database.read() as session:
            query = select(FilenameClaim.filename).where(FilenameClaim.filename.in_(self.burned))
            query = query.join(StoredArtifact, StoredArtifact.sha256 == FilenameClaim.sha256)
            clean = set(session.scalars(query.where(StoredArtifact.rejected_at.is_(None))))
        assert shown == clean

    @invariant()
    def the_hold_has_what_the_session_has(self) -> None:
        if self.now.status == "canceled":
            return
        with self.world.database.read() as session:
            held = set(session.scalars(select(File.filename).where(File.submission_id == self._submission_id())))
            owned = session.scalars(select(Membership)).first() is not None
        ready = {name for name, file in self.now.files.items() if file.ready}
        assert held == ready or (self.now.status == "error" and held >= ready)
        assert owned or self.now.status == "error"

    @invariant()
    def the_log_verifies(self) -> None:
        with self.world.database.read() as session:
            verify(session)


@pytest.mark.parametrize("examples", [8, pytest.param(100, marks=pytest.mark.full)])
def test_the_charts_hold_whatever_happens(make_stage: Callable[[], Stage], examples: int) -> None:
    seen: set[str] = set()
    machine: Any = type("Machine", (SessionMachine,), {"make_stage": staticmethod(make_stage), "seen": seen})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert examples < 100 or seen == {  # a few walks come far, but not everywhere
        *(f"session {status}" for status in ("open", "processing", "published", "error", "canceled")),
        *(f"file {status}" for status in ("pending", "completed", "error", "canceled")),
    }
