"""Files that are known to be good: by the hash of all their bytes, and by nothing else.

Each line of `rules/known/*.txt` names one file that a public release of a well-known project holds, or one such release
as others carry it whole: its SHA-256, the project, the version and the member. The names are for people; what is looked
up is the hash. `benchmarks/known_files.py` writes the lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanner.model import Finding, Kind, Role, Sha256Hex

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

__all__ = ["read_known", "unknown"]

_LINE: Final = re.compile(r"([0-9a-f]{64}) {2}\S+ \S+ \S.*")
#: What is said of a member because of its own bytes. How it lies in the archive is another matter.
_OF_BYTES: Final = frozenset({Kind.BEHAVIOUR, Kind.TEXT, Kind.BINARY, Kind.LIMITS, Kind.QUALITY})
#: A file that is harmless as a library or as data may be none where Python or an installer runs it by itself.
_WHERE: Final = frozenset({Role.IMPORT, Role.COMMAND, Role.TEST, Role.NEVER})


def read_known(name: str, text: str) -> frozenset[Sha256Hex]:
    """The hashes that the file `name` lists.

    Raises:
        ValueError: a line is neither empty, a comment nor a hash with project, version and member.
    """
    hashes: set[Sha256Hex] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if (match := _LINE.fullmatch(line)) is None:
            raise ValueError(
                f"known/{name}:{number}: {line[:80]!r}; expected 64 hexadecimal digits, two blanks, project, version "
                "and member: write it with benchmarks/known_files.py"
            )
        hashes.add(Sha256Hex(match[1]))
    return frozenset(hashes)


def unknown(
    findings: Iterable[Finding],
    members: Mapping[str, tuple[Sha256Hex, Role]],
    known: Collection[Sha256Hex],
    alone: Callable[[str], Iterable[Finding]],
) -> Iterator[Finding]:
    """The findings without those that the bytes of a known member give rise to by themselves.

    What such a member does because of others stays: a known file may be made to act on what is not known. `alone` is
    asked what the code of a member does when nothing lies beside it.
    """
    good = {name for name, (digest, role) in members.items() if digest in known and role in _WHERE}
    own: dict[str, set[tuple[str, int | None, str]]] = {}
    for finding in findings:
        name = finding.member
        if name not in good or finding.kind not in _OF_BYTES:
            yield finding
        elif finding.kind is Kind.BEHAVIOUR and not finding.layers:
            if name not in own:
                own[name] = {(one.rule, one.line, one.severity) for one in alone(name)}
            if (finding.rule, finding.line, finding.severity) not in own[name]:
                yield finding
