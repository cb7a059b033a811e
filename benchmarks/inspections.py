"""Inspections of many artifacts, each made once in the sandbox: what the benchmarks weigh again and again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

import scanner
from scanner.assess import assess
from scanner.model import ENGINE_VERSION, Inspection, Kind, Outcome, SubmissionFacts, Verdict, decode, encode
from scanner.ruleset import DEFAULT_RULES
from scanner.sandbox import InspectionFailed, Sandbox, SandboxLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scanner.ruleset import Ruleset

__all__ = ["CONTENT", "Looked", "artifacts_in", "filename_of", "found_in_content", "inspect_all", "judge"]

#: Evidence that says what the artifact does, and not how it was packed, named or dated.
CONTENT: Final = frozenset({Kind.BEHAVIOUR, Kind.TEXT, Kind.BINARY})

_ZIP: Final = b"PK\x03\x04"
_SUFFIXES: Final = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".egg")
#: Sources of the engine that weigh, print or isolate: a change there changes no finding.
_NOT_FINDING: Final = frozenset({"assess.py", "policy.py", "formats", "sandbox", "consistency.py", "drift.py"})
#: A machine that others use is slower than the sandbox's own limit of time expects.
_LIMITS: Final = SandboxLimits(wall_seconds=600.0)


@dataclass(frozen=True, slots=True)
class Looked:
    """One artifact and what came of inspecting it: an inspection, or the words of its failure."""

    path: Path
    digest: str
    inspection: Inspection | None
    failure: str = ""


def artifacts_in(folders: Iterable[Path]) -> list[Path]:
    """The distribution files below the folders, in order, each name and size once; a named file counts, too."""
    found = (path for folder in folders for path in ([folder] if folder.is_file() else folder.rglob("*")))
    right = sorted(path for path in found if path.name.endswith(_SUFFIXES) and path.is_file())
    return sorted({(path.name, path.stat().st_size): path for path in reversed(right)}.values())


def filename_of(name: str, data: bytes) -> str:
    """The name to inspect the artifact under: collections of malware keep wheels under other endings.

    Without that, such a wheel would be refused for its form, and nothing be known about what it does.
    """
    for suffix in (".tar.gz", ".zip"):
        wheel = f"{name.removesuffix(suffix)}.whl"
        if name.endswith(suffix) and data.startswith(_ZIP):
            try:
                parse_wheel_filename(wheel)
            except InvalidWheelFilename:
                continue
            return wheel
    return name


def inspect_all(paths: Iterable[Path], cache: Path, *, jobs: int, say: Callable[[str], None]) -> list[Looked]:
    """Every artifact inspected by the engine and the rules of this checkout, from `cache` where it was before.

    Raises:
        SandboxUnavailable: no child can be started here.
    """
    moment = _moment()
    cache.mkdir(parents=True, exist_ok=True)
    with Sandbox(limits=_LIMITS) as sandbox, ThreadPoolExecutor(jobs) as pool:
        looked = []
        for one in pool.map(partial(_look, sandbox, cache, moment), paths):
            looked.append(one)
            if one.failure:
                say(f"{one.path.name}: {one.failure}")
            if len(looked) % 100 == 0:
                say(f"{len(looked)} artifacts")
    return looked


def judge(inspection: Inspection, ruleset: Ruleset, previous: Inspection | None = None, version: str = "") -> Verdict:
    """The verdict on the artifact alone under the policy of `ruleset`: a first release, or the one after `previous`."""
    metadata = inspection.metadata
    facts = SubmissionFacts(
        project=metadata.name,
        version=metadata.version,
        artifacts=(_of_today(inspection, ruleset),),
        previous=(_of_today(previous, ruleset),) if previous else (),
        previous_version=version,
    )
    return assess(facts, ruleset)


def _of_today(inspection: Inspection, ruleset: Ruleset) -> Inspection:
    """The inspection under today's rules: the cache outlives the policy, on which no finding depends."""
    known = tuple(finding for finding in inspection.findings if finding.rule in ruleset.rules)
    return msgspec.structs.replace(inspection, ruleset=ruleset.hash, findings=known)


def found_in_content(verdict: Verdict, ruleset: Ruleset) -> bool:
    """Whether findings of the kinds behaviour, text and binary alone put the artifact before a person."""
    reasons = [reason for reason in verdict.reasons if reason.kind in CONTENT]
    policy = ruleset.policy
    if verdict.outcome not in {Outcome.FLAGGED, Outcome.MALICIOUS}:
        return False
    holding = policy.holding_rules | policy.enforced_rules
    return any(r.rule in holding for r in reasons) or round(sum(r.weight for r in reasons), 2) >= policy.flag_at


def _look(sandbox: Sandbox, cache: Path, moment: str, path: Path) -> Looked:
    data = path.read_bytes()
    digest, filename = sha256(data).hexdigest(), filename_of(path.name, data)
    kept = cache / f"{sha256(f'{digest} {filename} {moment}'.encode()).hexdigest()}.json"
    if kept.exists():
        return Looked(path, digest, decode(kept.read_bytes(), Inspection))
    try:
        inspection = sandbox.inspect(path, filename)
    except InspectionFailed as error:
        return Looked(path, digest, None, str(error))
    part = kept.with_suffix(".part")
    part.write_bytes(encode(inspection))
    part.replace(kept)
    return Looked(path, digest, inspection)


def _moment() -> str:
    """A hash over the engine and every rule, without what only weighs."""
    total = sha256(ENGINE_VERSION.encode())
    engine = Path(scanner.__path__[0])
    for name, path in sorted([*_files(engine, ".py"), *_files(DEFAULT_RULES, "")]):
        total.update(f"{name}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _files(folder: Path, suffix: str) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob(f"*{suffix}"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not {"__pycache__", "tests", "policy.toml"} & {*parts} and not _NOT_FINDING & {*parts}:
            yield f"{folder.name}/{'/'.join(parts)}", path
