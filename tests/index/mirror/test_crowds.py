"""Many at once: a file is fetched once, and readers of what is here do not wait for upstream."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from index.clock import utcnow
from index.mirror.errands import Errands, TooMany
from tests.fixtures.releases import seed
from tests.index.mirror.conftest import JSON, wheel
from tests.servers.instance import until
from tests.servers.simple_index import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.index.mirror.conftest import Mirror


def test_a_file_that_many_ask_for_at_once_is_fetched_once(make_mirror: Callable[..., Mirror]) -> None:
    mirror = make_mirror(web_threads=16)
    file = mirror.elsewhere.put(wheel())
    mirror.get("/simple/")  # the application is there

    with ThreadPoolExecutor(6) as readers:
        answers = list(readers.map(lambda _: mirror.fetch(file), range(6)))

    assert {(answer.status_code, answer.data) for answer in answers} == {(200, file.data)}
    assert mirror.elsewhere.times_asked("/files/") == 1


def test_while_half_of_the_threads_wait_the_next_is_sent_away_and_our_own_pages_come(
    make_mirror: Callable[..., Mirror], tmp_path: Path
) -> None:
    mirror = make_mirror(worker=False, web_threads=2, upstream_wait_seconds=60.0)
    ours = seed(mirror.services, tmp_path, project="ours")
    first, second = mirror.elsewhere.put(wheel()), mirror.elsewhere.put(wheel("other"))
    mirror.get("/simple/")
    waiting = threading.Thread(target=mirror.fetch, args=(first,))
    waiting.start()
    until(lambda: mirror.state(first) == "scanning", seconds=20, what="the first file has come")
    started = time.monotonic()

    away = [mirror.fetch(second), mirror.get("/simple/other/", Accept=JSON)]
    own = [mirror.get("/simple/ours/"), mirror.get(f"/files/{ours.sha256}/{ours.filename}")]

    assert time.monotonic() - started < 30
    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in away] == [(503, "2")] * 2
    assert [answer.status_code for answer in own] == [200, 200]
    mirror.world.now = utcnow()
    mirror.world.inspect_all()  # whoever waits has the file
    waiting.join(20)
    assert not waiting.is_alive()


def test_a_page_that_does_not_come_does_not_hold_the_reader_longer_than_the_limit(
    make_mirror: Callable[..., Mirror],
) -> None:
    mirror = make_mirror(worker=False, upstream_timeout_seconds=0.5)
    mirror.elsewhere.put(wheel())
    mirror.elsewhere.answers["/root/simple/tidy/"] = Answer(body=b"x" * 200, drip_seconds=0.1)
    started = time.monotonic()

    answer = mirror.get("/simple/tidy/", Accept=JSON)

    assert answer.status_code == 503
    assert time.monotonic() - started < 12  # it would take 20


def test_an_errand_is_done_once_for_all_who_ask_and_goes_on_without_them() -> None:
    errands: Errands[int] = Errands(1)
    go, runs = threading.Event(), []

    def errand() -> int:
        runs.append(1)
        go.wait(10)
        return 7

    with pytest.raises(TimeoutError):
        errands.result("a", errand, seconds=0.01)
    with pytest.raises(TooMany):
        errands.result("b", errand, seconds=0.01)
    threading.Timer(0.2, go.set).start()

    assert errands.result("a", errand, seconds=10) == 7
    assert len(runs) == 1


def test_an_errand_that_fails_tells_so_and_can_be_begun_again() -> None:
    errands: Errands[int] = Errands(1)

    def failing() -> int:
        raise LookupError("no")

    for _ in range(2):
        with pytest.raises(LookupError, match="no"):
            errands.result("a", failing, seconds=10)
    assert errands.result("a", lambda: 3, seconds=10) == 3
