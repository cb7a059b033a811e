"""What the metadata asks of an installer, and what it says to its readers."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

from scanner.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.model import Finding, MemberName
    from scanner.ruleset import Ruleset
    from scanner.view import ArtifactView, MemberView

__all__ = ["metadata"]

#: PEP 508: a name, perhaps extras, and an address after `@`.
_DIRECT: Final = re.compile(r"\s*[A-Za-z0-9][\w.-]{0,200}\s{0,20}(?:\[[^\]]{0,500}\])?\s{0,20}@\s{0,20}\S")
_ADDRESSED: Final = re.compile(
    r"(?:ignore|disregard|forget)\s(?:all\s|any\s|the\s|your\s){0,3}(?:previous|prior|earlier|above)\s"
    r"(?:instructions|prompts|rules|findings)"
    r"|(?:note|message|instructions?)\s(?:to|for)\s(?:the\s|any\s|all\s){0,2}"
    r"(?:ai|llm|automated|security)\s(?:reviewers?|scanners?|analy[sz]ers?|agents?|assistants?|models?)"
    r"|(?:mark|classify|report|treat|rate)\sthis\s(?:package|code|file|project)\sas\s(?:safe|benign|clean|harmless)"
    r"|this\s(?:package|code|file)\s(?:is|has\sbeen)\s(?:already\s)?"
    r"(?:verified|reviewed|approved|whitelisted|audited)\s(?:as\ssafe|by\s(?:the\s)?(?:security|pypi|anthropic|openai))",
    re.IGNORECASE,
)
_SPACES: Final = re.compile(r"[ \t]+")


def metadata(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    """Direct addresses in requirements, contacts that are missing, and text meant for whoever judges."""
    own = _own_metadata(view)
    for requirement in view.metadata.requires_dist:
        if _DIRECT.match(requirement):
            yield _found(ruleset, "direct-url-dependency", own, requirement, role=Role.INSTALL)
    if not view.is_wheel:
        yield from _build_requirements(view, ruleset)
    if own is not None:
        facts = view.metadata
        if not (facts.author or facts.author_email or facts.project_urls):
            yield ruleset.finding("contacts-absent", role=Role.NEVER, member=own.name)
        yield from _addressed_text(own, ruleset)


def _own_metadata(view: ArtifactView) -> MemberView | None:
    """METADATA of the wheel's own dist-info, PKG-INFO at the top of an sdist."""
    for name, member in view.members.items():
        folder, _, file = name.rpartition("/")
        if file == "METADATA" and folder.endswith(".dist-info") and "/" not in folder and view.is_wheel:
            return member
        if file == "PKG-INFO" and "/" not in folder and not view.is_wheel:
            return member
    return None


def _build_requirements(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    member = _at_root(view, "pyproject.toml")
    if member is None:
        return
    try:
        document = tomllib.loads(member.data.decode("utf-8"))
    except (ValueError, RecursionError):
        yield ruleset.finding("source-unreadable", role=Role.BUILD, member=member.name, snippet="not valid TOML")
        return
    system, project = document.get("build-system"), document.get("project")
    for rule, table, key in (
        ("direct-url-build-requirement", system, "requires"),
        ("direct-url-dependency", project, "dependencies"),
    ):
        listed = table.get(key) if isinstance(table, dict) else None
        for requirement in listed if isinstance(listed, list) else ():
            if isinstance(requirement, str) and _DIRECT.match(requirement):
                yield _found(ruleset, rule, member, requirement, role=Role.BUILD)


def _at_root(view: ArtifactView, file: str) -> MemberView | None:
    for name, member in view.members.items():
        # The sdist's top folder, and the file.
        if name.endswith(f"/{file}") and name.count("/") == 1:
            return member
    return None


def _found(ruleset: Ruleset, rule: str, member: MemberView | None, text: str, *, role: Role) -> Finding:
    name: MemberName | str = member.name if member else ""
    return ruleset.finding(rule, role=role, member=name, line=_line_of(member, text), snippet=text)


def _line_of(member: MemberView | None, text: str) -> int | None:
    if member is None:
        return None
    offset = member.data.find(text.encode())
    return None if offset < 0 else member.data.count(b"\n", 0, offset) + 1


def _addressed_text(member: MemberView, ruleset: Ruleset) -> Iterator[Finding]:
    text = _SPACES.sub(" ", member.data.decode("utf-8", "replace"))
    for match in _ADDRESSED.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        snippet = " ".join(match[0].split())
        yield ruleset.finding("text-for-reviewers", role=Role.NEVER, member=member.name, line=line, snippet=snippet)
