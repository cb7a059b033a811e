"""What maintainers are told about a release: one wording for mails, status pages, the API and the command line.

Titles and places only. Weights and thresholds would teach how to stay below them.
"""

from __future__ import annotations

from typing import Final

from index.store.tables import SubmissionState

__all__ = ["AFTER_A_CHANGE", "NEXT", "OPENINGS", "STATES", "ends_by_itself", "next_steps", "opening", "reason_line"]

_S = SubmissionState

#: The state in one or two words.
STATES: Final[dict[SubmissionState, str]] = {
    _S.OPEN: "Receiving files",
    _S.SCANNING: "Being inspected",
    _S.IN_REVIEW: "In review",
    _S.PUBLISHED: "Published",
    _S.WITHDRAWN: "Withdrawn",
    _S.REJECTED: "Rejected",
    _S.CANCELED: "Canceled",
}

#: The state in a sentence, which is the first one of the mail about it.
OPENINGS: Final[dict[SubmissionState, str]] = {
    _S.OPEN: "Files of your release {release} are being received. Nobody can see or install it yet.",
    _S.SCANNING: "Your release {release} is being inspected. Nobody can see or install it yet.",
    _S.IN_REVIEW: "Your release {release} is held: nobody can see or install it until an analyst has looked at it.",
    _S.PUBLISHED: "Your release {release} was inspected and published by {who}. It can be installed now.",
    _S.WITHDRAWN: "Your release {release} was published and has now been withdrawn by {who}. "
    "It can no longer be installed.",
    _S.REJECTED: "Your release {release} was rejected by {who}. It is not published, and these files will not be "
    "taken again.",
    _S.CANCELED: "Your release {release} was canceled before it was published. Nobody can see or install it.",
}

#: What happens next, and what the maintainer can do.
NEXT: Final[dict[SubmissionState, tuple[str, ...]]] = {
    _S.OPEN: ("You can upload more files of this release. When no more come, they are inspected together.",),
    _S.SCANNING: ("You need not do anything.",),
    _S.IN_REVIEW: (
        "An analyst looks at the release and approves or rejects it. You get a mail either way.",
        "You need not upload again: the same files are already here, and uploading them again changes nothing.",
        "If you know why these lines are there, answer {mail}: it reaches the analysts with its reference.",
    ),
    _S.PUBLISHED: ("Its files are listed at {project_url}",),
    _S.WITHDRAWN: ("If you think that this is a mistake, answer {mail} and say why: somebody else reads it.",),
    _S.REJECTED: (
        "Correct what is named here and upload other files. They are always looked at by a person.",
        "If you think that this is a mistake, answer {mail} and say why: somebody else reads it.",
    ),
    _S.CANCELED: ("Upload the files again if you still want to publish this release.",),
}

#: What owners can do who read that somebody has changed something.
AFTER_A_CHANGE: Final = (
    "If you know of it, you need not do anything.",
    "If you do not, tell the operator of this index at once: somebody may have a password or an API token of yours.",
)

_OPEN_SESSION: Final = ("Send the files of this release, then publish the session. They are judged together.",)
_FINAL: Final = frozenset({_S.PUBLISHED, _S.WITHDRAWN, _S.REJECTED, _S.CANCELED})


def opening(state: SubmissionState, release: str, *, by_person: bool) -> str:
    """The sentence that says how things stand with `release` (its name and version)."""
    return OPENINGS[state].format(release=release, who="an analyst" if by_person else "the scanner")


def next_steps(
    state: SubmissionState, *, project_url: str, mail: str = "the mail that told you of it", is_session: bool = False
) -> tuple[str, ...]:
    """The sentences that say what comes next. `mail` is what the mail is called: in itself, "this mail"."""
    steps = _OPEN_SESSION if state is _S.OPEN and is_session else NEXT[state]
    return tuple(step.format(project_url=project_url, mail=mail) for step in steps)


def reason_line(title: str, *, filename: str, member: str, line: int | None) -> str:
    """One reason, and where it was found: `Executes what it decodes (pkg/a.py, line 4 in pkg-1.0.tar.gz)`."""
    place = f"{member}, line {line}" if member and line else member
    where = " in ".join(part for part in (place, filename) if part)
    return f"{title} ({where})" if where else title


def ends_by_itself(state: SubmissionState) -> bool:
    """Whether something else comes after `state` without anybody asking for it again."""
    return state not in _FINAL
