"""Every page, in every state that looks different."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["EMPTY", "FULL", "Page"]

_WHEEL: Final = "small_colours-1.4.2-py3-none-any.whl"
_SOURCE: Final = f"/review/{{update}}/source/{_WHEEL}/small_colours"
_LONG: Final = (
    "an_example_with_a_name_that_is_as_long_as_a_name_can_reasonably_be-2026.11.24.1.dev1000-py3-none-any.whl"
)
_DEEP: Final = "/".join(["very_long_package_name_that_never_ends"] * 6)


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its address, and who looks at it."""

    name: str
    path: str
    who: Literal["nobody", "staff", "maintainer", "owner"] = "staff"

    def __str__(self) -> str:
        return self.name


#: On the full desk.
FULL: Final = (
    Page("front", "/", "nobody"),
    Page("front-of-a-maintainer", "/", "maintainer"),
    Page("sign-in", "/sign-in", "nobody"),
    Page("accessibility", "/accessibility", "nobody"),
    Page("not-found", "/nothing", "nobody"),
    Page("no-submission", "/submissions/0", "nobody"),
    Page("queue", "/review/"),
    Page("queue-second-page", "/review/?page=2"),
    Page("queue-without-a-hit", "/review/?q=nothing-like-it"),
    Page("queue-rejected", "/review/?state=rejected"),
    Page("release", "/review/{update}"),
    Page("release-first", "/review/{first}"),
    Page("release-failed", "/review/{failed}"),
    Page("release-rejected", "/review/{rejected}"),
    Page("release-published", "/review/{published}"),
    Page("release-being-received", "/review/{scanning}"),
    Page("release-huge", "/review/{huge}"),
    Page("members", f"/review/{{update}}/files/{_WHEEL}/"),
    Page("members-huge", f"/review/{{huge}}/files/{_LONG}/"),
    Page("source", f"{_SOURCE}/__init__.py"),
    Page("source-empty", f"{_SOURCE}/py.typed"),
    Page("source-huge", f"/review/{{huge}}/source/{_LONG}/{_DEEP}/module.py"),
    Page("status-of-own", "/submissions/{update}", "maintainer"),
    Page("status-rejected", "/submissions/{rejected}"),
    Page("status-huge", "/submissions/{huge}"),
    Page("project", "/project/small-colours/", "nobody"),
    Page("search", "/search", "nobody"),
    Page("search-without-a-hit", "/search?q=nothing-like-it", "nobody"),
    Page("tokens", "/account/tokens/", "owner"),
    Page("prove", "/sign-in/again?next=/manage/small-colours/", "owner"),
    Page("prove-with-second-factor", "/sign-in/again"),
    Page("manage", "/manage/small-colours/", "owner"),
    Page("manage-as-staff", "/manage/small-colours/"),
    Page("manage-release", "/manage/small-colours/1.4.1/", "owner"),
    Page("system", "/admin/"),
    Page("mails", "/admin/mail"),
    Page("mail", "/admin/mail/2"),
    Page("log", "/admin/log"),
)

#: On an instance right after its first start.
EMPTY: Final = (
    Page("empty-front", "/", "nobody"),
    Page("empty-queue", "/review/"),
    Page("empty-system", "/admin/"),
    Page("empty-mails", "/admin/mail"),
)
