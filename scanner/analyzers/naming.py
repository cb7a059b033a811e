"""What the artifact calls itself, what it installs under which names, and where it says that it comes from.

Everything here is a prior: it says where to look, and never what it is.
"""

from __future__ import annotations

import configparser
import re
import sys
from email.utils import getaddresses
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from scanner.model import Role
from scanner.paths import suffix_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.model import Finding
    from scanner.ruleset import Ruleset
    from scanner.view import ArtifactView

__all__ = ["naming"]

_REQUIRED: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]{0,200})")
_POPULAR: Final = 3_000
#: Where no project lives: shorteners, pastes, tunnels, places to drop a file.
_NO_HOME: Final = re.compile(
    r"(?:.*\.)?(?:bit\.ly|tinyurl\.com|t\.co|goo\.gl|is\.gd|cutt\.ly|rb\.gy|shorturl\.at|pastebin\.com|hastebin\.com"
    r"|paste\.ee|rentry\.co|ghostbin\.com|ngrok\.io|ngrok-free\.app|serveo\.net|trycloudflare\.com|loca\.lt|repl\.co"
    r"|replit\.dev|anonfiles\.com|gofile\.io|transfer\.sh|file\.io)"
)
#: Chats are where projects talk, not where they live: strange only under a label that says home or source.
_CHAT: Final = re.compile(r"(?:.*\.)?(?:discord\.gg|discord\.com|discordapp\.com|t\.me|telegram\.me)")
_HOME: Final = re.compile(r"(?:home.*|source.*|repo.*|code|download.*|documentation|github)", re.IGNORECASE)
_FORGES: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"})
_PLACEHOLDER: Final = re.compile(
    r"(?:you|your|youremail|your[._-]?(?:e?mail|name)|author|example|test|user|name|e?mail|none|no-?reply|foo|a|x)"
    r"@(?:example|test|domain|e?mail|gmail|your-?domain|youremail|yourmail|localhost|foo|bar|b|x)\b.*"
    r"|.*@example\.(?:com|org|net)",
    re.IGNORECASE,
)
_ADDRESSES: Final = 20
_REQUIREMENTS: Final = 200
_SCRIPTS: Final = 500


def naming(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    """Names that are near to others, and addresses at which nobody is."""
    own = canonicalize_name(view.metadata.name)
    if own:
        yield from _likeness(own, ruleset)
    yield from _dependencies(view, ruleset)
    if view.is_wheel:
        yield from _modules(view, own, ruleset)
        yield from _commands(view, own, ruleset)
    yield from _addresses(view, own, ruleset)
    yield from _contacts(view, ruleset)


def _said(ruleset: Ruleset, rule: str, text: str, member: str = "") -> Finding:
    return ruleset.finding(rule, role=Role.INSTALL, member=member, snippet=text)


def _likeness(own: str, ruleset: Ruleset) -> Iterator[Finding]:
    if (near := ruleset.names.near(own)) is not None:
        yield _said(ruleset, "name-near-popular", f"{own}: {near}")
    elif (base := ruleset.names.built_on(own)) is not None:
        yield _said(ruleset, "name-built-on-popular", f"{own}: {base}")


def _dependencies(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    for text in view.metadata.requires_dist[:_REQUIREMENTS]:
        match = _REQUIRED.match(text)
        name = canonicalize_name(match[1]) if match is not None else ""
        if name and (near := ruleset.names.near(name)) is not None:
            yield _said(ruleset, "dependency-near-popular", f"{name}: {near}")


def _modules(view: ArtifactView, own: str, ruleset: Ruleset) -> Iterator[Finding]:
    """Top-level packages and modules that have the name of something else."""
    for top, member in sorted(_tops(view).items()):
        name = canonicalize_name(top)
        if top in sys.stdlib_module_names and not _related(name, own):
            yield _said(ruleset, "module-shadows-standard-library", top, member)
        elif ruleset.names.popular.get(name, _POPULAR) < _POPULAR and not _related(name, own):
            yield _said(ruleset, "module-of-another-project", f"{top}: {name} is another project", member)


def _tops(view: ArtifactView) -> dict[str, str]:
    """The importable top-level names that the wheel installs, each with a member that shows it."""
    found: dict[str, str] = {}
    for member in view.members:
        folder, _, file = member.rpartition("/")
        if not folder and suffix_of(file) in {".py", ".so", ".pyd"}:
            found.setdefault(file.partition(".")[0], member)
        elif folder and "/" not in folder and file == "__init__.py" and "." not in folder:
            found.setdefault(folder, member)
    return found


def _related(name: str, own: str) -> bool:
    """Whether one name is part of the other: then it is hardly somebody else's."""
    one, other = name.replace("-", ""), own.replace("-", "")
    return not other or one in other or other in one


def _commands(view: ArtifactView, own: str, ruleset: Ruleset) -> Iterator[Finding]:
    for command, member in sorted(_scripts(view).items()):
        if command.lower() in ruleset.names.commands and not _related(canonicalize_name(command), own):
            yield _said(ruleset, "command-shadows-another", command, member)


def _scripts(view: ArtifactView) -> dict[str, str]:
    """The commands that the wheel installs, each with the member that says so."""
    found: dict[str, str] = {}
    for name, member in view.members.items():
        folder, _, file = name.rpartition("/")
        if folder.endswith(".data/scripts") and folder.count("/") == 1:
            found[PurePosixPath(name).stem] = name
        elif file == "entry_points.txt" and folder.endswith(".dist-info") and "/" not in folder:
            found.update((command, name) for command in _entry_points(member.data))
    return dict(list(found.items())[:_SCRIPTS])


def _entry_points(data: bytes) -> list[str]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names of commands keep their case
    try:
        parser.read_string(data.decode("utf-8"))
    except (configparser.Error, ValueError):
        return []
    return [name for section in ("console_scripts", "gui_scripts") if section in parser for name in parser[section]]


def _addresses(view: ArtifactView, own: str, ruleset: Ruleset) -> Iterator[Finding]:
    borrowed: dict[str, str] = {}
    for entry in view.metadata.project_urls[:_ADDRESSES]:
        label, _, address = entry.rpartition(", ")
        try:
            parts = urlsplit(address)
            host = (parts.hostname or "").rstrip(".")
        except ValueError:
            continue
        chat = _CHAT.fullmatch(host) is not None and _HOME.fullmatch(label.strip()) is not None
        if _is_number(host) or _NO_HOME.fullmatch(host) or chat:
            yield _said(ruleset, "project-address-unusual", address)
        elif own and host.removeprefix("www.") in _FORGES:
            repository = _repository(parts.path, own, ruleset)
            borrowed.setdefault(repository, address)
    yield from (_said(ruleset, "repository-of-another-project", address) for name, address in borrowed.items() if name)


def _repository(path: str, own: str, ruleset: Ruleset) -> str:
    """The name of a repository OWNER/NAME, where it is called like another popular project."""
    words = [word for word in path.split("/") if word]
    if len(words) < 2:  # noqa: PLR2004 # the owner alone
        return ""
    owner, name = canonicalize_name(words[0]), canonicalize_name(words[1].removesuffix(".git"))
    popular = ruleset.names.popular.get(name, _POPULAR) < _POPULAR
    return name if popular and not _related(name, own) and not _related(owner, own) else ""


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _contacts(view: ArtifactView, ruleset: Ruleset) -> Iterator[Finding]:
    for _, address in getaddresses([view.metadata.author_email[:2000]])[:_ADDRESSES]:
        domain = address.rpartition("@")[2].lower().rstrip(".")
        parents = {domain, domain.partition(".")[2]}
        if not ruleset.names.disposable.isdisjoint(parents):
            yield _said(ruleset, "contact-disposable", address)
        elif _PLACEHOLDER.fullmatch(address):
            yield _said(ruleset, "contact-placeholder", address)
