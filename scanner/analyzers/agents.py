"""Settings of coding assistants and editors inside an artifact: instructions, and commands that run by themselves."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from scanner.model import Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner.analyzers.opening import Opening
    from scanner.model import Finding
    from scanner.view import MemberView

__all__ = ["agents"]

_MOST: Final = 1024 * 1024
_DEEPEST: Final = 12
_MOST_COMMANDS: Final = 200
_LONGEST: Final = 20_000

_INSTRUCTIONS: Final = re.compile(
    r"(?:AGENTS|CLAUDE|GEMINI|SKILL|COPILOT)(?:\.local)?\.md|copilot-instructions\.md"
    r"|\.(?:cursorrules|windsurfrules|clinerules|roorules|goosehints)|.+\.(?:mdc|instructions\.md|prompt\.md)"
)
_INSTRUCTION_FOLDERS: Final = re.compile(r"\.(?:claude|cursor|windsurf|clinerules|roo|gemini|codex|kiro|continue)")
_SETTINGS: Final = re.compile(
    r"(?:.*/)?(?:\.claude/settings(?:\.local)?\.json|\.claude/hooks/[^/]+|\.?mcp(?:[-_]config|[-_]servers)?\.json"
    r"|\.cursor/(?:mcp|hooks)\.json|\.vscode/(?:tasks|launch|settings|mcp)\.json|claude_desktop_config\.json"
    r"|\.devcontainer(?:/[^/]+)?/devcontainer\.json|\.devcontainer\.json|\.gemini/settings\.json"
    r"|\.codex/config\.toml|\.idea/workspace\.xml|\.kiro/(?:settings|hooks)/[^/]+|\.zed/tasks\.json|\.envrc"
    r"|[^/]+\.code-workspace)"
)
#: Keys whose value is started by the assistant, the editor or the container.
_STARTING: Final = frozenset(
    {"command", "initializeCommand", "onCreateCommand", "postCreateCommand", "postStartCommand", "postAttachCommand"}
    | {"updateContentCommand", "apiKeyHelper", "statusLine", "awsAuthRefresh", "awsCredentialExport", "run", "exec"}
    | {"preLaunchTask", "runtimeExecutable"}
)
#: Commands that do more than start a tool by its name.
_DOUBTFUL: Final = re.compile(
    r"\bcurl\b|\bwget\b|Invoke-WebRequest|\biwr\b|\biex\b|base64|\bnc\b|/dev/tcp|-enc(?:odedcommand)?\b|FromBase64"
    r"|\b(?:ba|z|da)?sh\s+-i?c\b|\bcmd(?:\.exe)?\s+/c\b|\bpowershell|\bpwsh\b|\bpython3?\s+-c\b|\bnode\s+-e\b|\beval\b"
    r"|\bosascript\b|~/\.ssh|\.aws/|id_rsa|\$\(|`|https?://[^\s\"']+\.(?:sh|ps1|py|js|exe)\b|\|\s*(?:ba|z)?sh\b",
    re.IGNORECASE,
)
_FETCHING: Final = re.compile(
    r"(?:\bcurl\b|\bwget\b|\biwr\b|Invoke-WebRequest|DownloadString|urlopen|urlretrieve|https?\.get|fetch\()"
    r".{0,400}(?:\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\|\s*python|\biex\b|exec\(|eval\(|chmod\s+\+x)"
    r"|\biex\b.{0,80}(?:iwr|DownloadString|Invoke-WebRequest)|base64\s+(?:-d|--decode).{0,40}\|\s*(?:ba|z)?sh"
    r"|/dev/tcp/|-enc(?:odedcommand)?\s+[A-Za-z0-9+/=]{40,}|exec\(.{0,60}b64decode",
    re.IGNORECASE | re.DOTALL,
)


def agents(view: MemberView, opening: Opening) -> Iterator[Finding | MemberView]:
    """Instructions that would be installed, and commands that an assistant or editor runs by itself."""
    if view.layers or len(view.data) > _MOST:
        return
    path = PurePosixPath(view.name)
    in_folder = any(_INSTRUCTION_FOLDERS.fullmatch(part) for part in path.parts[:-1])
    if opening.is_wheel and (in_folder or _INSTRUCTIONS.fullmatch(path.name)):
        yield opening.found("agent-instructions", view, view.name[-150:])
    if not _SETTINGS.fullmatch(view.name):
        return
    commands = list(dict.fromkeys(command[:_LONGEST] for command in _commands(view)))
    if not commands:
        return
    text = "\n".join(commands).encode("utf-8", "replace")
    yield opening.layer(view, "commands", text, is_python=False)
    yield from _judged(commands, view, opening)


def _judged(commands: list[str], view: MemberView, opening: Opening) -> Iterator[Finding]:
    fetching = [command for command in commands if _FETCHING.search(command)]
    doubtful = fetching or [command for command in commands if _DOUBTFUL.search(command)]
    if doubtful:
        yield opening.ruleset.finding(
            "agent-runs-command",
            # Whoever opens the folder runs it: it needs no import.
            role=Role.COMMAND if fetching else opening.role(view),
            member=view.name,
            snippet="; ".join(doubtful),
            severity=Severity.CRITICAL if fetching else Severity.MEDIUM,
        )
    elif opening.is_wheel:
        yield opening.found("agent-configuration", view, "; ".join(commands))


def _commands(view: MemberView) -> Iterator[str]:
    """The commands that the file names, each with its arguments."""
    text = view.data.decode("utf-8", "replace")
    suffix = PurePosixPath(view.name).suffix.lower()
    try:
        document: Any = tomllib.loads(text) if suffix == ".toml" else json.loads(_without_comments(text))
    except (ValueError, RecursionError):
        # Editors read JSON with comments and worse; then every line counts as a command.
        yield from (line.strip() for line in text.splitlines()[:_MOST_COMMANDS] if line.strip())
        return
    left = [_MOST_COMMANDS]
    yield from _in_value(document, 0, left)


def _in_value(value: Any, depth: int, left: list[int]) -> Iterator[str]:
    if depth > _DEEPEST or left[0] <= 0:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _STARTING:
                left[0] -= 1
                yield " ".join([_joined(inner), _joined(value.get("args", ""))]).strip()
            yield from _in_value(inner, depth + 1, left)
    elif isinstance(value, list):
        for inner in value[:_MOST_COMMANDS]:
            yield from _in_value(inner, depth + 1, left)


def _joined(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(part for part in value if isinstance(part, str))
    return ""


def _without_comments(text: str) -> str:
    """JSON without the lines that are comments, and without commas before a closing bracket."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("//"))
    return re.sub(r",(?=\s{0,200}[}\]])", "", "\n".join(lines))
