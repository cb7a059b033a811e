from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.publish.visible import visible_projects
from index.store.tables import Decision, MembershipRole, Message, SubmissionState
from scanner.model import Kind, Severity, Step
from tests.fixtures.artifacts import build_wheel
from tests.webui.desk import Says, finding

if TYPE_CHECKING:
    from tests.webui.browser import Visitor
    from tests.webui.desk import Desk
    from tests.webui.scenes import Scene

BAD = Says((finding("decode-exec", Severity.CRITICAL, "x.py", 1, title="Executes what it decodes"),))
NASTY = "<script>alert(1)</script>'\"&{{ 7*7 }}\u202e"


@pytest.fixture
def held(desk: Desk) -> str:
    return desk.release([build_wheel("demo", "1.0", {"x.py": "x = 1\n"})], "demo", "1.0", BAD)


@pytest.fixture
def ana(visitor: Visitor, desk: Desk) -> Visitor:
    visitor.sign_in(desk.account("ana", "analyst"))
    return visitor


def test_the_queue_says_how_many_wait_in_which_order_and_why(analyst: Visitor) -> None:
    analyst.get("/review/")
    assert analyst.text("caption") == "3 releases in review, the longest wait first"
    assert [" ".join(cell.get_text(" ").split()) for cell in analyst.page.select("thead th")] == [
        "Release",
        "Waiting since",
        "Risk",
        "Why held",
        "Worst finding",
    ]
    first = analyst.text("tbody tr:first-child")
    for words in ("small-colours 1.4.2", "New publisher: noor", "very high", "Flagged", "Critical", "\u00d7 3"):
        assert words in first


def test_the_queue_is_filtered_by_address(analyst: Visitor, scene: Scene) -> None:
    analyst.get("/review/?q=colours")
    assert "1 release in review whose project name contains “colours”" in analyst.text("caption")
    analyst.get("/review/?state=rejected")
    assert analyst.text("caption") == "1 release rejected, the latest change first"
    assert analyst.page.select_one(f'a[href="/review/{scene.rejected}"]')
    analyst.get("/review/?state=canceled")
    assert analyst.text(".empty") == "No release is canceled."
    analyst.get("/review/?q=nothing-like-it")
    assert "nothing-like-it" in analyst.text(".empty")


def test_every_reason_and_finding_leads_to_its_line(analyst: Visitor, scene: Scene) -> None:
    analyst.get(f"/review/{scene.update}")
    links = {str(link["href"]) for link in analyst.page.select("table.sum a, .places a")}
    assert f"/review/{scene.update}/source/small_colours-1.4.2-py3-none-any.whl/small_colours/__init__.py#L25" in links
    for link in links:
        path, _, line = link.partition("#")
        assert analyst.get(path).status_code == 200
        assert not line or analyst.page.select_one(f"tr#{line} + tr.note, tr#{line}")


def test_the_release_page_shows_the_sum_what_changed_and_who(analyst: Visitor, scene: Scene) -> None:
    analyst.get(f"/review/{scene.update}")
    assert "20.2" in analyst.text("table.sum tfoot")
    text = analyst.text()
    for words in (
        "What changed since 1.4.1",
        "speaks to the network",
        "requests>=2",
        "GitHub: example/small-colours, release.yml",
        "is decoded by base64.b64decode",
        "U+202E RIGHT-TO-LEFT OVERRIDE",
        "120 spaces",
        "technique T1027",
        "The release is published at once.",
        "7 notes on the quality of the code",
    ):
        assert words in text


def test_approving_publishes_and_says_so(ana: Visitor, desk: Desk, held: str) -> None:
    ana.get(f"/review/{held}")
    assert ana.submit(f"/review/{held}", decision="approve", reason="I have read it.").location == "/review/"
    ana.get("/review/")
    assert ana.text("[role=status]") == "demo 1.0: Approved. The release is published."
    assert desk.state(held) is SubmissionState.PUBLISHED
    with desk.services.database.read() as session:
        assert visible_projects(session) == ["demo"]


def test_rejecting_publishes_nothing_and_writes_to_the_maintainer(ana: Visitor, desk: Desk, held: str) -> None:
    ana.get(f"/review/{held}")
    ana.submit(f"/review/{held}", decision="reject", reason="It executes what it decodes.")
    assert desk.state(held) is SubmissionState.REJECTED
    with desk.services.database.read() as session:
        decision = session.scalars(select(Decision)).one()
        assert (decision.reason, decision.revision) == ("It executes what it decodes.", 1)
        assert decision.verdict_id is not None
        kinds = [message.kind for message in session.scalars(select(Message).order_by(Message.id))]
        assert kinds[-1] == "rejected"


def test_a_rejected_release_can_be_reopened(ana: Visitor, desk: Desk, held: str) -> None:
    desk.decide(held, "reject", "too quick", by="other")
    ana.get(f"/review/{held}")
    ana.submit(f"/review/{held}", decision="reopen", reason="It was a mistake.")
    assert desk.state(held) is SubmissionState.IN_REVIEW


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": "because"}, ["Choose what you decide."]),
        ({"decision": "approve"}, ["Write a reason. The maintainers read it."]),
        ({"decision": "approve", "reason": " \n"}, ["Write a reason. The maintainers read it."]),
        ({}, ["Choose what you decide.", "Write a reason. The maintainers read it."]),
        ({"decision": "burn", "reason": "because"}, ["Not a valid choice."]),
        ({"decision": "approve", "reason": "x" * 4001}, ["Write at most 4,000 characters."]),
    ],
)
def test_what_is_missing_is_named_and_what_was_typed_is_kept(
    ana: Visitor, desk: Desk, held: str, fields: dict[str, str], said: list[str]
) -> None:
    ana.get(f"/review/{held}")
    assert ana.submit(f"/review/{held}", **fields).status_code == 422
    assert [link.text for link in ana.page.select("#errors a")] == said
    for link in ana.page.select("#errors a"):
        assert ana.page.select_one(str(link["href"])), "the link leads to the field"
    assert ana.page.title is not None
    assert ana.page.title.text.startswith("Error: demo 1.0")
    reason = ana.page.select_one("textarea")
    assert reason is not None
    assert reason.text.strip() == fields.get("reason", "").strip()
    kept = [radio["value"] for radio in ana.page.select("input[type=radio][checked]")]
    assert kept == [kind for kind in [fields.get("decision")] if kind == "approve"]
    assert desk.state(held) is SubmissionState.IN_REVIEW


def test_a_file_that_came_meanwhile_is_a_conflict_that_keeps_what_was_typed(
    ana: Visitor, desk: Desk, held: str
) -> None:
    ana.get(f"/review/{held}")
    form = ana.last
    desk.receive(build_wheel("demo", "1.0", {"x.py": "x = 1\n"}, tag="py2-none-any"), "demo", "1.0", BAD)
    desk.settle()
    ana.last = form
    assert ana.submit(f"/review/{held}", decision="approve", reason="I have read it.").status_code == 409
    assert "you saw revision 1, now it is 2" in ana.text("[role=alert]")
    assert "Flagged on revision 2" in ana.text("[role=alert]")
    reason = ana.page.select_one("textarea")
    assert reason is not None
    assert reason.text.strip() == "I have read it."
    assert desk.state(held) is SubmissionState.IN_REVIEW
    # The page that came with the conflict is the present one: it can be sent.
    assert ana.submit(f"/review/{held}", decision="approve", reason="I have read it again.").status_code == 303
    assert desk.state(held) is SubmissionState.PUBLISHED


def test_a_decision_that_came_too_late_changes_nothing(ana: Visitor, desk: Desk, held: str) -> None:
    ana.get(f"/review/{held}")
    form = ana.last
    desk.decide(held, "reject", "I was quicker.", by="other")
    ana.last = form
    assert ana.submit(f"/review/{held}", decision="approve", reason="A long thought.").status_code == 409
    assert "Nothing was decided" in ana.text("[role=alert]")
    assert "A long thought." in ana.text()
    assert desk.state(held) is SubmissionState.REJECTED


def test_nobody_decides_about_their_own_project(ana: Visitor, desk: Desk, held: str) -> None:
    ana.get(f"/review/{held}")
    form = ana.last
    desk.join("ana", "demo", MembershipRole.MAINTAINER)
    ana.last = form
    assert ana.submit(f"/review/{held}", decision="approve", reason="Trust me.").status_code == 403
    assert desk.state(held) is SubmissionState.IN_REVIEW
    ana.get(f"/review/{held}")
    assert "Somebody else decides about it." in ana.text("#decision")
    assert not ana.page.select("#decision form")


def test_an_administrator_who_is_no_analyst_looks_but_does_not_decide(administrator: Visitor, scene: Scene) -> None:
    administrator.get(f"/review/{scene.update}")
    assert "Only analysts decide." in administrator.text("#decision")
    assert not administrator.page.select("#decision form")


def test_a_form_without_its_token_does_nothing_and_gives_the_text_back(ana: Visitor, desk: Desk, held: str) -> None:
    answer = ana.post(f"/review/{held}", {"decision": "approve", "reason": "A long thought.", "revision": "1"})
    assert answer.status_code == 400
    assert ana.text("#typed") == "A long thought."
    assert desk.state(held) is SubmissionState.IN_REVIEW


@pytest.mark.parametrize("revision", ["", "x", "99", "-1"])
def test_a_form_that_was_tampered_with_decides_nothing(ana: Visitor, desk: Desk, held: str, revision: str) -> None:
    ana.get(f"/review/{held}")
    answer = ana.submit(f"/review/{held}", decision="approve", reason="x", revision=revision)
    assert answer.status_code in {409, 422}
    assert desk.state(held) is SubmissionState.IN_REVIEW


@pytest.mark.parametrize("verdict_id", ["", "0", "x", "²"])
def test_approving_needs_the_verdict_that_was_on_the_screen(
    ana: Visitor, desk: Desk, held: str, verdict_id: str
) -> None:
    ana.get(f"/review/{held}")
    assert ana.submit(f"/review/{held}", decision="approve", reason="x", verdict_id=verdict_id).status_code == 409
    assert desk.state(held) is SubmissionState.IN_REVIEW


def test_nothing_that_an_uploader_writes_is_more_than_text(ana: Visitor, desk: Desk) -> None:
    says = Says(
        (
            finding(
                "nasty",
                Severity.HIGH,
                "x.py",
                1,
                title=NASTY,
                snippet=NASTY,
                chain=(Step(NASTY, "x.py", 1, NASTY),),
                layers=(NASTY,),
                technique=NASTY,
            ),
            finding("nasty-metadata", Severity.HIGH, kind=Kind.METADATA, snippet=NASTY),
        ),
        (NASTY,),
        (NASTY,),
    )
    held = desk.release([build_wheel("demo", "1.0", {"x.py": NASTY})], "demo", "1.0", says)
    for path in (
        "/review/",
        f"/review/{held}",
        f"/submissions/{held}",
        f"/review/{held}/source/demo-1.0-py3-none-any.whl/x.py",
    ):
        assert ana.get(path).status_code == 200
        assert not ana.page.select("script:not([src])"), path
        html = ana.last.get_data(as_text=True) if ana.last else ""
        assert "alert(1)" in html, path
        assert "\u202e" not in html, path
        assert "49" not in ana.text("h1"), "no template is evaluated"


def test_a_submission_that_is_not_there_is_404(analyst: Visitor) -> None:
    assert analyst.get(f"/review/{'0' * 26}").status_code == 404
    assert analyst.get("/review/..%2f..%2fetc").status_code == 404
