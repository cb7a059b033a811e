"""`pratique status` before an index that answers as it is told, in a time of its own."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from pratique.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

TOLD = {
    "id": "01J",
    "project": "demo",
    "version": "1.0",
    "state": "in_review",
    "state_text": "In review",
    "headline": "Your release demo 1.0 is held.",
    "final": False,
    "summary": "Held because setup.py executes what it downloads.",
    "reasons": [{"title": "x", "text": "Executes what it downloads (setup.py, line 4 in demo-1.0.tar.gz)"}],
    "deferral": "",
    "comment": "",
    "next": "An analyst looks at the release.",
    "expected": {"seconds": 7200.0, "text": "Half of the last 20 reviews took no longer than 2 hours."},
}
SCANNING = {
    **TOLD,
    "state": "scanning",
    "state_text": "Being inspected",
    "summary": "",
    "reasons": [],
    "expected": None,
}
PUBLISHED = {**SCANNING, "state": "published", "state_text": "Published", "headline": "Published.", "final": True}
REJECTED = {**TOLD, "state": "rejected", "state_text": "Rejected", "final": True, "comment": "It opens a shell.\nNo."}


@dataclass
class Index:
    """Answers with each of `answers` in turn, and then with the last one for ever."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def says(self, *documents: dict[str, Any] | int | bytes, retry_after: str = "1") -> None:
        for each in documents:
            status = each if isinstance(each, int) else 200
            body = each if isinstance(each, bytes) else json.dumps(each).encode()
            self.answers.append((status, {"Retry-After": retry_after}, body))


@pytest.fixture
def index() -> Iterator[Index]:
    made = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append({"path": self.path, **self.headers})
            status, headers, body = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/submissions/01J"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("pratique.commands.status.time", made)
    return made


def ask(url: str, *options: str, token: str = "pratique-secret") -> Result:
    return CliRunner().invoke(main, ["status", url, *options], env={"PRATIQUE_TOKEN": token or None})


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (PUBLISHED, 0),
        (REJECTED, 1),
        ({**REJECTED, "state": "withdrawn"}, 1),
        ({**REJECTED, "state": "canceled"}, 1),
        (TOLD, 3),
        (SCANNING, 4),
        ({**SCANNING, "state": "open"}, 4),
    ],
)
def test_every_state_has_its_exit_status(index: Index, clock: Clock, told: dict[str, Any], code: int) -> None:
    index.says(told)
    assert ask(index.url).exit_code == code
    assert clock.slept == []


def test_it_says_what_the_mail_and_the_page_say(index: Index) -> None:
    index.says(TOLD)
    assert ask(index.url).output.splitlines() == [
        "demo 1.0: In review",
        "Your release demo 1.0 is held.",
        "Held because setup.py executes what it downloads.",
        "* Executes what it downloads (setup.py, line 4 in demo-1.0.tar.gz)",
        "An analyst looks at the release.",
        "Half of the last 20 reviews took no longer than 2 hours.",
    ]


def test_the_words_of_the_analyst_are_shown(index: Index) -> None:
    index.says(REJECTED)
    assert "What the analyst wrote:\n  It opens a shell.\n  No.\n" in ask(index.url).output


def test_the_token_is_sent_as_a_password_and_json_is_asked_for(index: Index) -> None:
    index.says(PUBLISHED)
    assert ask(index.url, "--token", "other").exit_code == 0
    assert index.asked[0]["Authorization"] == "Basic X190b2tlbl9fOm90aGVy"
    assert index.asked[0]["Accept"] == "application/json"


def test_it_waits_and_says_each_state_once(index: Index, clock: Clock) -> None:
    index.says({**SCANNING, "state": "open", "state_text": "Receiving files"}, SCANNING, SCANNING, TOLD, PUBLISHED)
    result = ask(index.url, "--wait")
    assert result.exit_code == 0
    states = [line for line in result.output.splitlines() if line.startswith("demo 1.0: ")]
    assert [line.partition(": ")[2] for line in states] == [
        "Receiving files",
        "Being inspected",
        "In review",
        "Published",
    ]
    assert clock.slept == [1.0] * 4


@pytest.mark.parametrize(("told", "code"), [(TOLD, 3), (SCANNING, 4)])
def test_it_waits_no_longer_than_told(index: Index, clock: Clock, told: dict[str, Any], code: int) -> None:
    index.says(told, retry_after="15")
    assert ask(index.url, "--wait", "--timeout", "40").exit_code == code
    assert clock.now == 40
    assert clock.slept == [15, 15, 10]


@pytest.mark.parametrize(("proposed", "pause"), [("0", 0.5), ("", 0.5), ("soon", 0.5), ("9999", 30), ("-4", 0.5)])
def test_the_pause_is_the_servers_within_reason(index: Index, clock: Clock, proposed: str, pause: float) -> None:
    index.says(SCANNING, PUBLISHED, retry_after=proposed)
    assert ask(index.url, "--wait").exit_code == 0
    assert clock.slept == [pause]


@pytest.mark.parametrize("passing", [500, 502, 503, 504, 429])
def test_what_passes_is_waited_for(index: Index, clock: Clock, passing: int) -> None:
    index.says(passing, passing, PUBLISHED)
    assert ask(index.url, "--wait").exit_code == 0
    assert len(clock.slept) == 2


@pytest.mark.parametrize("answer", [500, 301, 404, 403, 401, b"<html>", b"{}", b"x" * (1024 * 1024 + 1)])
def test_who_cannot_be_asked_is_an_error_and_no_verdict(index: Index, answer: int | bytes) -> None:
    index.says(answer)
    result = ask(index.url)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert index.url in result.output


@pytest.mark.parametrize("answer", [404, 403, 301, b"<html>"])
def test_what_does_not_pass_is_not_waited_for(index: Index, clock: Clock, answer: int | bytes) -> None:
    index.says(answer)
    assert ask(index.url, "--wait").exit_code == 2
    assert clock.slept == []


def test_an_index_that_stays_away_is_an_error_when_the_time_is_over(clock: Clock) -> None:
    result = ask("http://127.0.0.1:1/submissions/01J", "--wait", "--timeout", "3")
    assert result.exit_code == 2
    assert "does not answer" in result.output
    assert 2.5 <= clock.now <= 3


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "01J"])
def test_an_address_of_another_kind_is_an_error_of_use(url: str) -> None:
    assert ask(url).exit_code == 2


def test_without_a_token_nothing_is_asked(index: Index) -> None:
    result = ask(index.url, token="")
    assert result.exit_code == 2
    assert "PRATIQUE_TOKEN" in result.output
    assert index.asked == []


def test_names_of_members_do_nothing_to_the_terminal(index: Index) -> None:
    index.says({**TOLD, "reasons": [{"text": "Found (\u001b[2Jx\u202e.py,\r\nline 1)"}]})
    output = ask(index.url).output
    assert "* Found (\\x1b[2Jx\\u202e.py, line 1)" in output
    assert "\x1b" not in output
