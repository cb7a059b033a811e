from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.review.source import LINES_PER_PAGE
from scanner.model import Severity
from tests.fixtures.artifacts import build_wheel
from tests.webui.desk import Says, finding

if TYPE_CHECKING:
    from tests.webui.browser import Visitor
    from tests.webui.desk import Desk
    from tests.webui.scenes import Scene

WHEEL = "small_colours-1.4.2-py3-none-any.whl"


def test_findings_stand_in_a_row_under_their_line(analyst: Visitor, scene: Scene) -> None:
    analyst.get(f"/review/{scene.update}/source/{WHEEL}/small_colours/__init__.py")
    assert "wanted = {key: os.environ[key]" in analyst.text("#L18 code")
    note = analyst.text("#L20 + tr.note")
    assert note.startswith("High Sends environment variables to a host")
    assert str(analyst.page.select(".found a")[0]["href"]).endswith("#L20")


def test_what_is_hidden_is_named(analyst: Visitor, scene: Scene) -> None:
    analyst.get(f"/review/{scene.update}/source/{WHEEL}/small_colours/__init__.py")
    assert "U+202E RIGHT-TO-LEFT OVERRIDE" in analyst.text("#L24")
    assert analyst.text("#L25 code") == "x = 1 [240 spaces] ; exec(base64.b64decode(_TABLE))"
    assert "this line has 951 columns" in analyst.text("#L23")


def test_the_members_with_findings_stand_first(analyst: Visitor, scene: Scene) -> None:
    analyst.get(f"/review/{scene.update}/files/{WHEEL}/")
    rows = [row.get_text(" ").split() for row in analyst.page.select("tbody tr")]
    assert rows[0][0] == "small_colours/__init__.py"
    assert rows[0][-1] == "4"
    assert rows[-1][-1] == "0"


@pytest.mark.parametrize(
    "path",
    [
        f"/files/{WHEEL}-other/",
        f"/source/{WHEEL}/small_colours/nothing.py",
        f"/source/{WHEEL}/../../../../etc/passwd",
        f"/source/{WHEEL}/%2e%2e/%2e%2e/etc/passwd",
        "/source/other.whl/small_colours/__init__.py",
        f"/source/{WHEEL}//etc/passwd",
    ],
)
def test_nothing_else_is_read(analyst: Visitor, scene: Scene, path: str) -> None:
    answer = analyst.get(f"/review/{scene.update}{path}")
    assert answer.status_code in {308, 404}
    assert "root:" not in answer.get_data(as_text=True)


def test_a_file_of_another_submission_is_not_reached(analyst: Visitor, scene: Scene) -> None:
    assert analyst.get(f"/review/{scene.first}/files/{WHEEL}/").status_code == 404


def test_a_file_that_was_not_inspected_says_so(analyst: Visitor, scene: Scene) -> None:
    analyst.get(f"/review/{scene.failed}/files/heavy_example-2.0-py3-none-any.whl/")
    assert "has not been inspected" in analyst.text()


def test_long_binary_and_empty_members(visitor: Visitor, desk: Desk) -> None:
    long = "".join(f"line_{number} = 1\n" for number in range(1, LINES_PER_PAGE + 11))
    wheel = build_wheel("demo", "1.0", {"long.py": long, "native.so": b"\x7fELF\0\1\2", "empty.py": ""})
    says = Says(
        (finding("late", Severity.HIGH, "long.py", LINES_PER_PAGE + 5), finding("elf", Severity.HIGH, "native.so"))
    )
    held = desk.release([wheel], "demo", "1.0", says)
    visitor.sign_in(desk.account("ana", "analyst"))
    base = f"/review/{held}/source/{wheel.filename}"

    visitor.get(f"/review/{held}")
    assert visitor.page.select_one(f'a[href="{base}/long.py?page=2#L2005"]')
    visitor.get(f"{base}/long.py")
    assert len(visitor.page.select("table.code tr")) == LINES_PER_PAGE
    assert visitor.text(".pager") == "Page 1 of 2 Next page"
    visitor.get(f"{base}/long.py?page=2")
    assert visitor.text("#L2005 code") == "line_2005 = 1"
    assert visitor.page.select_one("#L2005 + tr.note")

    visitor.get(f"{base}/native.so")
    assert "These 7 bytes are not text" in visitor.text()
    assert "Elf" in visitor.text(".found")
    visitor.get(f"{base}/empty.py")
    assert "This file is empty." in visitor.text()
