"""What readers get of names that are not ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.hold.decisions import approve, reject, withdraw
from index.mirror.standing import REFUSAL_STANDS
from index.store.tables import Artifact as StoredArtifact
from index.store.tables import FileOrigin, LogEntry, Message, MirroredProject, Project, ProjectStatus, StoredVerdict
from tests.fixtures.artifacts import Artifact
from tests.index.mirror.conftest import JSON, wheel
from tests.servers.instance import until
from tests.servers.simple_index import LONG_AGO, Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.index.mirror.conftest import Mirror


def test_a_clear_file_is_listed_and_given_to_the_first_who_asks(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())

    listed = mirror.page("tidy")[file.filename]
    answer = mirror.fetch(file)

    assert listed["hashes"] == {"sha256": file.sha256}
    assert listed["size"] == len(file.data)
    assert (answer.status_code, answer.data) == (200, file.data)
    assert mirror.state(file) == "published"


def test_nothing_of_what_is_in_a_file_is_told_before_it_was_inspected(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    before = mirror.page("tidy")[file.filename]
    metadata = f"/files/{file.sha256}/{file.filename}.metadata"
    held = mirror.get(metadata)

    mirror.fetch(file)
    after = mirror.page("tidy")[file.filename]

    assert (before["core-metadata"], held.status_code) == (False, 404)
    assert after["core-metadata"] == {"sha256": sha256(mirror.get(metadata).data).hexdigest()}
    assert mirror.elsewhere.times_asked(".metadata") == 0


def test_the_second_who_asks_gets_the_file_without_upstream(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.fetch(file)

    assert mirror.fetch(file).data == file.data
    assert mirror.elsewhere.times_asked(file.filename) == 1


def test_a_page_in_html_has_the_same_files(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())

    page = mirror.get("/simple/tidy/", Accept="text/html").text

    assert f'href="../../files/{file.sha256}/{file.filename}#sha256={file.sha256}"' in page


def test_an_upstream_that_speaks_only_html_serves_as_well_without_a_cool_down(
    make_mirror: Callable[..., Mirror],
) -> None:
    mirror = make_mirror(upstream_cooldown_days=0)
    mirror.elsewhere.html_only = True
    file = mirror.elsewhere.put(wheel())

    assert "upload-time" not in mirror.page("tidy")[file.filename]
    assert mirror.fetch(file).data == file.data


def test_the_time_of_the_upload_there_stays_on_the_page(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    shown = [mirror.page("tidy")[file.filename]["upload-time"]]

    mirror.fetch(file)
    shown.append(mirror.page("tidy")[file.filename]["upload-time"])

    assert {datetime.fromisoformat(time) for time in shown} == {LONG_AGO}


@pytest.mark.parametrize("word", ["flagged", "malicious", "unscannable"])
def test_a_file_that_a_person_must_look_at_is_503_without_a_time_and_leaves_the_page(mirror: Mirror, word: str) -> None:
    older = mirror.elsewhere.put(wheel(version="0.9"))
    file = mirror.elsewhere.put(wheel())
    mirror.world.says[file.sha256] = word

    answer = mirror.fetch(file)

    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, None)
    assert mirror.state(file) == "in_review"
    assert set(mirror.page("tidy")) == {older.filename}
    assert file.data not in mirror.fetch(file).data


def test_what_a_person_approves_is_given_out(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.world.says[file.sha256] = "flagged"
    mirror.fetch(file)

    mirror.world.decide(approve, mirror.submission_of(file))

    assert set(mirror.page("tidy")) == {file.filename}
    assert mirror.fetch(file).data == file.data


def test_what_a_person_rejects_is_403_and_never_fetched_again_under_any_name(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.world.says[file.sha256] = "flagged"
    mirror.fetch(file)
    mirror.world.decide(reject, mirror.submission_of(file))
    other = mirror.elsewhere.put(Artifact(file.filename.replace("1.0", "1.1"), file.data))

    assert mirror.fetch(file).status_code == 403
    assert mirror.fetch(other).status_code == 403
    assert mirror.page("tidy") == {}
    assert mirror.elsewhere.times_asked("/files/") == 1


def test_what_policy_enforces_is_rejected_at_once(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.world.says[file.sha256] = "enforced"

    assert mirror.fetch(file).status_code == 403
    assert mirror.state(file) == "rejected"


def test_what_was_withdrawn_here_does_not_come_back_from_upstream(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.fetch(file)
    mirror.world.decide(withdraw, mirror.submission_of(file))

    assert mirror.page("tidy") == {}
    assert mirror.fetch(file).status_code == 404
    assert mirror.elsewhere.times_asked("/files/") == 1


def test_whoever_waits_longer_than_the_limit_is_told_when_to_come_back(make_mirror: Callable[..., Mirror]) -> None:
    mirror = make_mirror(worker=False, upstream_wait_seconds=0.5)
    file = mirror.elsewhere.put(wheel())

    answer = mirror.fetch(file)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    until(lambda: mirror.state(file) == "scanning", seconds=20, what="the file has come")
    assert set(mirror.page("tidy")) == {file.filename}
    assert mirror.fetch(file).status_code == 503
    mirror.world.now = datetime.now(UTC)
    mirror.world.inspect_all()
    assert mirror.fetch(file).data == file.data


def test_a_release_in_review_does_not_stop_the_others(mirror: Mirror) -> None:
    held, free = mirror.elsewhere.put(wheel()), mirror.elsewhere.put(wheel(version="2.0"))
    mirror.world.says[held.sha256] = "flagged"
    mirror.fetch(held)

    assert mirror.fetch(free).status_code == 200


def test_an_old_release_that_is_asked_for_later_is_compared_with_what_came_before_it(mirror: Mirror) -> None:
    files = {version: mirror.elsewhere.put(wheel(version=version)) for version in ("1.0", "3.0", "2.0")}
    for file in files.values():
        mirror.fetch(file)

    with mirror.services.database.read() as session:
        query = select(StoredVerdict.version, StoredVerdict.previous_submission_id)
        verdicts = {row.version: row.previous_submission_id for row in session.execute(query)}
    ids = {version: mirror.submission_of(file) for version, file in files.items()}
    assert verdicts == {"1.0": None, "3.0": ids["1.0"], "2.0": ids["1.0"]}


def test_a_release_of_which_something_was_withdrawn_is_looked_at_by_a_person(mirror: Mirror) -> None:
    first = mirror.elsewhere.put(wheel())
    second = mirror.elsewhere.put(Artifact(first.filename.replace("py3", "py2.py3"), wheel(text="two").data))
    mirror.fetch(first)
    mirror.world.decide(withdraw, mirror.submission_of(first))

    assert mirror.fetch(second).status_code == 503
    assert mirror.state(second) == "in_review"


def test_a_file_that_comes_while_another_one_of_its_release_is_inspected_is_judged_with_it(
    make_mirror: Callable[..., Mirror],
) -> None:
    mirror = make_mirror(worker=False, upstream_wait_seconds=0.0)
    first = mirror.elsewhere.put(wheel())
    second = mirror.elsewhere.put(Artifact(first.filename.replace("py3", "py2.py3"), wheel(text="two").data))
    for file in (first, second):
        mirror.fetch(file)
        until(lambda file=file: mirror.state(file) == "scanning", seconds=20, what="the file has come")  # type: ignore[misc] # mypy does not infer a lambda's default
    mirror.world.says[second.sha256] = "flagged"

    mirror.world.now = datetime.now(UTC)
    mirror.world.inspect_all()

    assert mirror.submission_of(first) == mirror.submission_of(second)
    assert mirror.page("tidy") == {}


@pytest.mark.parametrize(
    ("age", "listed"), [(timedelta(days=6, hours=23), False), (timedelta(days=7, minutes=1), True)]
)
def test_a_cool_down_hides_what_is_younger_and_does_not_fetch_it(
    mirror: Mirror, age: timedelta, *, listed: bool
) -> None:
    file = mirror.elsewhere.put(wheel(), upload_time=datetime.now(UTC) - age)

    assert bool(mirror.page("tidy")) is listed
    assert mirror.fetch(file).status_code == (200 if listed else 404)


def test_bytes_that_are_not_those_of_the_promise_are_not_given_out_nor_kept(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.elsewhere.answers[f"/root/files/{file.sha256}/{file.filename}"] = Answer(body=wheel(text="other").data)

    answer = mirror.fetch(file)

    assert (answer.status_code, mirror.state(file)) == (502, "")
    assert not list((mirror.services.settings.data_folder / "incoming").iterdir())
    with mirror.services.database.read() as session:
        assert session.query(StoredArtifact).count() == 0


def test_an_upstream_that_just_failed_to_give_a_file_is_not_asked_again_at_once(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.elsewhere.answers[f"/root/files/{file.sha256}/{file.filename}"] = Answer(500)

    assert [mirror.fetch(file).status_code for _ in range(3)] == [502, 502, 502]
    assert mirror.elsewhere.times_asked(file.filename) == 1


def test_what_the_checks_refuse_is_403_with_the_reason_and_fetched_once_a_day(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(Artifact("tidy-1.0-py3-none-any.whl", b"PK no archive"))

    answers = [mirror.fetch(file) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert mirror.page("tidy") == {}
    assert mirror.elsewhere.times_asked(file.filename) == 1
    with mirror.services.database.write() as session:
        origin = session.scalars(select(FileOrigin)).one()
        assert origin.refusal
        assert origin.refusal in answers[0].text
        assert origin.refused_at is not None
        origin.refused_at -= REFUSAL_STANDS
    assert set(mirror.page("tidy")) == {file.filename}


def test_where_a_file_comes_from_is_kept_as_a_fact_without_what_stands_behind_the_question_mark(
    mirror: Mirror,
) -> None:
    path = f"../../files/{sha256(wheel().data).hexdigest()}/{wheel().filename}"
    file = mirror.elsewhere.put(wheel(), url=f"{path}?signature=secret")

    assert mirror.fetch(file).status_code == 200
    with mirror.services.database.read() as session:
        origin = session.scalars(select(FileOrigin)).one()
        project = session.scalars(select(MirroredProject)).one()
    assert origin.url == mirror.elsewhere.url.replace("simple/", f"files/{file.sha256}/{file.filename}")
    assert (origin.kind, origin.upload_time) == ("upstream", LONG_AGO)
    assert project.upstream == mirror.elsewhere.url


def test_nobody_gets_mail_about_files_from_upstream_and_the_log_has_who_sent_them(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.world.says[file.sha256] = "flagged"
    mirror.fetch(file)

    with mirror.services.database.read() as session:
        assert session.query(Message).count() == 0
        actors = session.scalars(select(LogEntry.actor).where(LogEntry.action == "file.received")).all()
    assert actors == ["system:upstream"]


def test_yanked_files_are_yanked_here_before_and_after_they_were_fetched(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel(), yanked="broken")

    before = mirror.page("tidy")[file.filename]["yanked"]
    mirror.fetch(file)

    assert (before, mirror.page("tidy")[file.filename]["yanked"]) == ("broken", "broken")


def test_a_yanked_file_stays_yanked_while_upstream_is_down(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel(), yanked="broken")
    mirror.fetch(file)
    mirror.elsewhere.is_down = True

    assert mirror.page("tidy")[file.filename]["yanked"] == "broken"


def test_an_index_is_not_its_own_upstream(make_mirror: Callable[..., Mirror]) -> None:
    mirror = make_mirror(public_url="https://index.example", upstream_url="https://index.example/simple/")

    with pytest.raises(ValueError, match="this index"):
        mirror.get("/simple/")


def test_while_upstream_is_down_there_is_what_was_published_and_no_promise(mirror: Mirror) -> None:
    cached, other = mirror.elsewhere.put(wheel()), mirror.elsewhere.put(wheel(version="2.0"))
    mirror.fetch(cached)
    mirror.elsewhere.is_down = True
    mirror.restart()

    assert set(mirror.page("tidy")) == {cached.filename}
    assert mirror.fetch(cached).data == cached.data
    assert mirror.fetch(other).status_code == 502


def test_of_a_name_that_nobody_has_asked_for_an_upstream_that_is_down_leaves_503_not_404(mirror: Mirror) -> None:
    mirror.elsewhere.is_down = True

    answer = mirror.get("/simple/tidy/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_a_name_that_upstream_does_not_have_is_404(mirror: Mirror) -> None:
    assert mirror.get("/simple/tidy/").status_code == 404


def test_what_upstream_takes_down_is_no_longer_listed(mirror: Mirror) -> None:
    gone, stays = mirror.elsewhere.put(wheel()), mirror.elsewhere.put(wheel(version="2.0"))
    mirror.fetch(gone)
    mirror.fetch(stays)
    del mirror.elsewhere.projects["tidy"][0]

    assert set(mirror.page("tidy")) == {stays.filename}
    del mirror.elsewhere.projects["tidy"]
    assert mirror.page("tidy") == {}


def test_a_file_that_changes_upstream_is_not_shown_under_either_content(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.fetch(file)
    changed = wheel(text="changed")
    mirror.elsewhere.projects["tidy"].clear()
    other = mirror.elsewhere.put(changed)

    assert mirror.page("tidy") == {}
    assert mirror.fetch(other).status_code == 404


def test_a_project_in_quarantine_upstream_is_so_here(mirror: Mirror) -> None:
    file = mirror.elsewhere.put(wheel())
    mirror.elsewhere.status["tidy"] = "quarantined"

    answer = mirror.get("/simple/tidy/", Accept=JSON)

    assert answer.json is not None
    assert (answer.json["files"], answer.json["project-status"]["status"]) == ([], "quarantined")
    assert mirror.fetch(file).status_code == 404


def test_a_project_in_quarantine_here_gives_nothing_out_and_asks_nobody(mirror: Mirror) -> None:
    file, other = mirror.elsewhere.put(wheel()), mirror.elsewhere.put(wheel(version="2.0"))
    mirror.fetch(file)
    with mirror.services.database.write() as session:
        session.scalars(select(Project)).one().status = ProjectStatus.QUARANTINED
    asked = len(mirror.elsewhere.asked)

    assert mirror.fetch(file).status_code == 404
    assert mirror.fetch(other).status_code == 404
    assert len(mirror.elsewhere.asked) == asked


def test_the_status_of_a_project_is_what_is_said_here_or_else_upstream(mirror: Mirror) -> None:
    mirror.fetch(mirror.elsewhere.put(wheel()))
    shown = []
    for upstream, here in ((None, None), ("archived", None), ("archived", ProjectStatus.DEPRECATED)):
        if upstream:
            mirror.elsewhere.status["tidy"] = upstream
        if here:
            with mirror.services.database.write() as session:
                session.scalars(select(Project)).one().status = here
        answer = mirror.get("/simple/tidy/", Accept=JSON)
        assert answer.json is not None
        shown.append((answer.json["project-status"]["status"], len(answer.json["files"])))

    assert shown == [("active", 1), ("archived", 1), ("deprecated", 1)]


def test_a_page_is_kept_for_a_while(make_mirror: Callable[..., Mirror]) -> None:
    mirror = make_mirror(upstream_page_seconds=60)
    mirror.elsewhere.put(wheel())

    etags = {mirror.get("/simple/tidy/", Accept=JSON).headers["ETag"] for _ in range(5)}

    assert len(etags) == 1
    assert mirror.elsewhere.times_asked("/simple/tidy/") == 1
    again = mirror.get("/simple/tidy/", **{"Accept": JSON, "If-None-Match": etags.pop()})
    assert again.status_code == 304


def test_without_an_upstream_nothing_is_asked(make_mirror: Callable[..., Mirror]) -> None:
    mirror = make_mirror(upstream_url="")
    file = mirror.elsewhere.put(wheel())

    assert mirror.get("/simple/tidy/").status_code == 404
    assert mirror.fetch(file).status_code == 404
    assert mirror.elsewhere.asked == []


def test_it_is_the_same_on_postgresql(make_mirror: Callable[..., Mirror]) -> None:
    mirror = make_mirror(postgres=True)
    file, held = mirror.elsewhere.put(wheel()), mirror.elsewhere.put(wheel(version="2.0"))
    mirror.world.says[held.sha256] = "flagged"

    assert mirror.fetch(file).data == file.data
    assert mirror.fetch(held).status_code == 503
    assert set(mirror.page("tidy")) == {file.filename}
