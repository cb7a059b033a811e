"""`pratique status`: where an upload stands, in the words of the mail and the page, with an exit status for CI."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, NoReturn

import click
import msgspec
import requests

from scanner.formats.scanned import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["status"]

_PUBLISHED: Final = 0
_ENDED: Final = 1
_FAILED: Final = 2
_IN_REVIEW: Final = 3
_UNDER_WAY: Final = 4

#: Seconds to connect, and to wait for the next bytes of an answer.
_TIMEOUTS: Final = (5.0, 20.0)
_LARGEST: Final = 1024 * 1024

#: Seconds between two questions, whatever the server proposes.
_LEAST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0

#: Answers that may be others a moment later.
_PASSING: Final = frozenset({429, 500, 502, 503, 504})


class _Reason(msgspec.Struct):
    text: str


class _Expected(msgspec.Struct):
    text: str


class _Status(msgspec.Struct):
    """What the index says; what we do not know of it is left out."""

    project: str
    version: str
    state: str
    state_text: str
    headline: str
    final: bool
    next: str
    summary: str = ""
    deferral: str = ""
    comment: str = ""
    reasons: tuple[_Reason, ...] = ()
    expected: _Expected | None = None


class _NoAnswer(Exception):
    """The index could not be asked; `passing` where it is worth while to ask again."""

    def __init__(self, message: str, *, passing: bool) -> None:
        super().__init__(message)
        self.passing = passing


@click.command()
@click.argument("url")
@click.option("--wait", is_flag=True, help="Wait until the release is published, rejected or taken back.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="The longest that --wait waits.",
)
@click.option("--token", envvar="PRATIQUE_TOKEN", help="The API token of the upload; better in PRATIQUE_TOKEN.")
def status(url: str, *, wait: bool, timeout: float, token: str | None) -> None:
    """Say where the upload at URL stands: the address in the answer to the upload, and in its mail.

    \b
    Exit status:
      0  published
      1  rejected, withdrawn or taken back
      2  the index could not be asked, or knows no such upload of yours
      3  held: a person looks at it (with --wait: the time was over before the decision)
      4  still being received or inspected (with --wait: the time was over)
    """  # noqa: D301 # click's own mark for text that is not wrapped again
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"URL is {url!r}, expected http://… or https://…")
    if not token:
        raise click.UsageError("An API token is needed: set PRATIQUE_TOKEN to the one that has uploaded.")
    told = _follow(url, token, seconds=timeout if wait else None)
    for line in _words(told):
        click.echo(line)
    sys.exit(_exit_status(told))


def _follow(url: str, token: str, *, seconds: float | None) -> _Status:
    """The last answer: the first one, or with `seconds` that after which nothing changes, or the last in that time."""
    deadline = time.monotonic() + (seconds or 0.0)
    told: _Status | None = None
    while True:
        pause = _LEAST_PAUSE
        try:
            latest, pause = _ask(url, token)
        except _NoAnswer as error:
            if not error.passing or time.monotonic() + pause > deadline:
                _fail(str(error))
        else:
            if told is None or told.state != latest.state:
                click.echo(f"{_line(latest.project)} {_line(latest.version)}: {_line(latest.state_text)}")
            told = latest
            if told.final or time.monotonic() >= deadline:
                return told
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))


def _ask(url: str, token: str) -> tuple[_Status, float]:
    """The status now, and in how many seconds to ask again."""
    try:
        with requests.get(
            url,
            headers={"Accept": "application/json"},
            auth=("__token__", token),
            timeout=_TIMEOUTS,
            allow_redirects=False,  # the token is for this address
            stream=True,
        ) as answer:
            body = _limited(answer)
    except requests.RequestException as error:
        raise _NoAnswer(f"{url} does not answer: {error}", passing=True) from error
    if answer.status_code in {401, 403, 404}:
        raise _NoAnswer(f"{url} knows no such upload that this token may see.", passing=False)
    if answer.status_code != requests.codes.ok:
        passing = answer.status_code in _PASSING
        raise _NoAnswer(f"{url} answers {answer.status_code}, expected 200.", passing=passing)
    try:
        return msgspec.json.decode(body, type=_Status), _pause(answer.headers.get("Retry-After", ""))
    except msgspec.DecodeError as error:
        raise _NoAnswer(f"{url} does not answer as a status of Pratique does: {error}", passing=False) from error


def _limited(answer: requests.Response) -> bytes:
    body = b""
    for chunk in answer.iter_content(64 * 1024):
        body += chunk
        if len(body) > _LARGEST:
            raise _NoAnswer(f"{answer.url} answers with more than {_LARGEST} bytes.", passing=False)
    return body


def _pause(proposed: str) -> float:
    seconds = float(proposed) if proposed.isascii() and proposed.isdigit() else _LEAST_PAUSE
    return min(max(seconds, _LEAST_PAUSE), _LONGEST_PAUSE)


def _words(told: _Status) -> Iterator[str]:
    """What the mail and the page say, too."""
    yield _line(told.headline)
    for sentence in (told.deferral, told.summary):
        if sentence:
            yield _line(sentence)
    for reason in told.reasons:
        yield f"* {_line(reason.text)}"
    if told.comment:
        yield "What the analyst wrote:"
        for line in told.comment.splitlines():
            yield f"  {_line(line)}"
    yield _line(told.next)
    if told.expected is not None:
        yield _line(told.expected.text)


def _line(text: str) -> str:
    """One line that does nothing to a terminal: names of members are an uploader's text."""
    return visible(" ".join(text.split()))


def _exit_status(told: _Status) -> int:
    if told.state == "published":
        return _PUBLISHED
    if told.final:
        return _ENDED
    return _IN_REVIEW if told.state == "in_review" else _UNDER_WAY


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(_FAILED)
