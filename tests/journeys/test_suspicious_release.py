"""Releases with the shape of an attack wait on the desk with their reason, and a person decides."""

from __future__ import annotations

import mailbox
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from tests.fixtures.artifacts import MALICIOUS, attack
from tests.servers.desk import Desk
from tests.servers.instance import until

if TYPE_CHECKING:
    from email.message import Message

    from tests.fixtures.artifacts import Case
    from tests.servers.instance import Instance

PROJECTS = {key: f"inert-{key}" for key in MALICIOUS}
TO_REJECT = attack("setup-download-exec", "inert-to-reject")
TO_APPROVE = attack("hidden-by-spaces", "inert-to-approve")


@pytest.fixture(scope="module")
def desk(instance: Instance) -> Desk:
    """All twelve, and two more to decide about, are uploaded and judged, and an analyst has signed in."""
    cases = [*MALICIOUS.values(), TO_REJECT, TO_APPROVE]
    for case in cases:
        answer = instance.upload(case.filename, case.data)
        assert answer.status_code == 200, f"{case.filename}: {answer.text}"
    filenames = [case.filename for case in cases]
    until(
        lambda: not {"open", "scanning"} & {instance.state(name) for name in filenames},
        seconds=60,
        what="all twelve are judged",
    )
    return Desk(instance)


@pytest.mark.parametrize("key", MALICIOUS)
def test_an_attack_is_held_and_its_reason_stands_on_the_desk_with_file_and_line(
    key: str, desk: Desk, instance: Instance
) -> None:
    case = MALICIOUS[key]

    assert instance.state(case.filename) == "in_review"
    assert instance.get(f"/simple/{PROJECTS[key]}/").status_code == 404
    page = BeautifulSoup(desk.case_of(PROJECTS[key]).text, "html.parser")
    places = [link["href"] for link in page.select("main a[href*='/source/']")]
    wanted = f"{case.member}"
    assert any(f"/{wanted}" in str(place) and str(place).endswith(f"#L{case.line}") for place in places), places


def test_a_rejected_release_never_appears_and_its_maintainer_is_told_why(desk: Desk, instance: Instance) -> None:
    case, project = TO_REJECT, "inert-to-reject"

    answer = desk.fill(desk.case_of(project), reason="setup.py runs what it downloads.", decision="reject")

    assert answer.ok, answer.text
    assert instance.state(case.filename) == "rejected"
    assert instance.get(f"/simple/{project}/").status_code == 404
    again = instance.upload(case.filename, case.data)
    assert again.status_code == 403, "rejected bytes are refused"
    mail = mail_about(instance, f"Rejected: {project} 1.0")
    both_parts_say(mail, "setup.py runs what it downloads.", f"{case.member}, line {case.line}")


def test_an_approved_release_is_published_and_its_maintainer_is_told(desk: Desk, instance: Instance) -> None:
    case, project = TO_APPROVE, "inert-to-approve"

    answer = desk.fill(desk.case_of(project), reason="A drawing in a comment, no code.", decision="approve")

    assert answer.ok, answer.text
    until(lambda: instance.get(f"/simple/{project}/").ok, seconds=3, what="it is published")
    mail = mail_about(instance, f"Published: {project} 1.0")
    both_parts_say(mail, "by an analyst", case.filename)


def test_a_decision_on_a_page_that_is_no_longer_true_keeps_what_was_typed(desk: Desk, instance: Instance) -> None:
    project = PROJECTS["reverse-shell"]
    page = desk.case_of(project)
    stale = page.text.replace('name="revision" value="1"', 'name="revision" value="7"')
    assert stale != page.text
    page._content = stale.encode()  # the page as it would have been

    answer = desk.fill(page, reason="What I typed before.", decision="reject")

    assert answer.status_code == 409
    assert "What I typed before." in answer.text
    assert instance.state(MALICIOUS["reverse-shell"].filename) == "in_review"


def mail_about(instance: Instance, subject: str) -> Message:
    """The mail whose subject begins so."""

    def find() -> Message | None:
        box = mailbox.Maildir(Path(instance.settings.data_folder) / "mail")
        return next((mail for mail in box if str(mail["Subject"]).replace("\n", "").startswith(subject)), None)

    return until(find, seconds=10, what=f"a mail: {subject}")


def both_parts_say(mail: Message, *texts: str) -> None:
    for kind in ("text/plain", "text/html"):
        part = next(part for part in mail.walk() if part.get_content_type() == kind)
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        content = " ".join(payload.decode().split())
        for text in texts:
            assert text in content, f"{kind} does not say {text!r}:\n{content}"


def test_the_held_mail_names_what_was_found_and_where(desk: Desk, instance: Instance) -> None:
    case: Case = MALICIOUS["discord-webhook"]

    mail = mail_about(instance, f"Held: {PROJECTS['discord-webhook']} 1.0")

    both_parts_say(mail, f"{case.member}, line {case.line}", f"{instance.url}/submissions/")
