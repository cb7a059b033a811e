"""How much of real malware the scanner finds, and how much that is good it holds back.

    python -m benchmarks.detection --malicious FOLDER --labels FILE.tsv --wheels FOLDER --sdists FOLDER
        --cache FOLDER [--previous FOLDER] [--json FILE] [--jobs 2] [--missed]

Every artifact is inspected in the sandbox and judged alone, as the first release of its project; a wheel of which an
earlier one lies in `--previous` also as the update of that one. `--labels` is a
table with the columns sha256, family, year, surface, format and flags. Inspections are kept in `--cache` by artifact,
rules and engine, so that another policy is tried in seconds. Nothing is unpacked, imported or run.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from benchmarks.inspections import CONTENT, artifacts_in, inspect_all
from benchmarks.judging import COLUMNS, judged, read_labels
from benchmarks.rates import Rate, table
from benchmarks.updates import judged_updates
from scanner.model import ENGINE_VERSION, Kind
from scanner.ruleset import Ruleset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from benchmarks.inspections import Looked
    from benchmarks.judging import Judged, Label, Labelled

__all__ = ["cause_table", "recall_tables", "rule_table"]

_FOLDER: Final = click.Path(exists=True, path_type=Path)
_RECENT: Final = 2025
#: Content that weighs less says next to nothing.
_SOME: Final = 1.0
_CAUSES: Final = (
    "failed",
    "refused",
    "unscannable",
    "next to no evidence in content",
    "content below the threshold",
    "content below the threshold, flagged with other kinds",
)


def _families(items: Labelled) -> dict[str, list[bool]]:
    families: dict[str, list[bool]] = defaultdict(list)
    for item, label in items:
        families[label.family].append(item.column == "content")
    return families


def _recall(name: str, items: Labelled) -> dict[str, object]:
    """One row: artifacts, families of which one is found, families weighed evenly, and the other columns."""
    families = _families(items)
    columns = Counter(item.column for item, _ in items)
    return {
        "name": name,
        "artifacts": Rate(columns["content"], len(items)),
        "families": Rate(sum(map(any, families.values())), len(families)),
        "families_evenly": Rate(sum(sum(hits) / len(hits) for hits in families.values()), len(families)),
        **{column: columns[column] for column in COLUMNS[1:]},
    }


def _groups(items: Labelled, key: Callable[[Label], str]) -> list[dict[str, object]]:
    found: dict[str, Labelled] = defaultdict(list)
    for item, label in items:
        found[key(label)].append((item, label))
    return [_recall(name, found[name]) for name in sorted(found)]


def _place(label: Label) -> str:
    """Where the payload acts, coarsely."""
    parts = {*label.surface.split("+")}
    if parts == {"none"}:
        return "none"
    if parts <= {"other"}:
        return "ordinary module only"
    return "setup and others" if "setup" in parts and len(parts) > 1 else "+".join(sorted(parts))


def recall_tables(items: Labelled) -> dict[str, list[dict[str, object]]]:
    """All tables about the malicious set."""
    return {
        "whole": [
            _recall("all", items),
            _recall("without no_visible_payload", [(i, label) for i, label in items if not label.invisible]),
            _recall("only no_visible_payload", [(i, label) for i, label in items if label.invisible]),
            _recall(
                f"{_RECENT} and later", [(i, lb) for i, lb in items if lb.year.isdigit() and int(lb.year) >= _RECENT]
            ),
        ],
        "year": _groups(items, lambda label: label.year),
        "surface": _groups(items, _place),
        "format": _groups(items, lambda label: label.format),
    }


def rule_table(bad: Labelled, good: Mapping[str, Sequence[Judged]]) -> list[dict[str, object]]:
    """Where each rule hits: families, benign wheels and sdists, and the share of families among these."""
    families: dict[str, set[str]] = defaultdict(set)
    for item, label in bad:
        for rule in _hits([item]):
            families[rule].add(label.family)
    benign = {kind: _hits(items) for kind, items in good.items()}
    rules = sorted(families.keys() | {rule for hits in benign.values() for rule in hits})
    rows = []
    for rule in rules:
        hits = {kind: benign[kind][rule] for kind in good}
        among = len(families[rule]) + sum(hits.values())
        benign_rate = Rate(sum(hits.values()), sum(map(len, good.values())))
        rows.append(
            {
                "rule": rule,
                "families": len(families[rule]),
                **hits,
                "precision": Rate(len(families[rule]), among),
                "benign at most": f"{benign_rate.upper_bound:.1%}",
            }
        )
    return rows


def _hits(items: Iterable[Judged]) -> Counter[str]:
    return Counter(reason.rule for item in items for reason in item.reasons if reason.kind is not Kind.QUALITY)


def cause_table(bad: Labelled) -> list[tuple[str, int, int]]:
    """Why nothing was found in the families that were missed: cause, families, those with something to find."""
    found = _families(bad)
    missed: dict[str, Labelled] = defaultdict(list)
    for item, label in bad:
        if not any(found[label.family]):
            missed[label.family].append((item, label))
    causes, visible = Counter[str](), Counter[str]()
    for items in missed.values():
        cause = max((_cause(item) for item, _ in items), key=_CAUSES.index)
        causes[cause] += 1
        visible[cause] += not all(label.invisible for _, label in items)
    return [(cause, causes[cause], visible[cause]) for cause in _CAUSES]


def _cause(item: Judged) -> str:
    if item.column in {"refused", "unscannable", "failed"}:
        return item.column
    if item.column == "otherwise":
        return "content below the threshold, flagged with other kinds"
    content = sum(reason.weight for reason in item.reasons if reason.kind in CONTENT)
    return "content below the threshold" if content >= _SOME else "next to no evidence in content"


def _named(item: Judged, *, top: int = 5) -> list[str]:
    return [
        f"{r.rule} {r.weight:g}{' holds' if r.holds else ''} ({r.member})"
        for r in item.reasons[:top]
        if r.weight or r.holds
    ]


def _print_recall(tables: Mapping[str, list[dict[str, object]]]) -> None:
    head = ("", "artifacts", "families (any)", "families (evenly)", *COLUMNS[1:])
    for name, rows in tables.items():
        cells = [
            [row[key] for key in ("name", "artifacts", "families", "families_evenly", *COLUMNS[1:])] for row in rows
        ]
        print(table(f"Malicious, found in content, by {name}", head, cells))


def _print_benign(title: str, good: Mapping[str, Sequence[Judged]]) -> None:
    rows = []
    for kind, items in good.items():
        rate = Rate(sum(item.flagged for item in items), len(items))
        columns = Counter(item.column for item in items)
        malicious = sum(item.is_malicious for item in items)
        rows.append([kind, len(items), rate, f"{rate.upper_bound:.1%}", malicious, *(columns[c] for c in COLUMNS)])
    print(table(title, ("", "N", "flagged", "upper bound", "malicious", *COLUMNS), rows))
    for kind, items in good.items():
        for item in sorted(items, key=lambda item: -item.risk):
            if item.column != "clear":
                print(f"  {kind[:-1]} {item.name}: {item.column} {item.risk:g}: {', '.join(_named(item))}")


def _plain(value: object) -> object:
    return value.plain() if isinstance(value, Rate) else str(value)


@click.command()
@click.option("--malicious", type=_FOLDER, multiple=True, required=True, help="Folder of malicious artifacts.")
@click.option("--labels", type=_FOLDER, required=True, help="Their labels, tab-separated.")
@click.option("--wheels", type=_FOLDER, multiple=True, help="Folder of benign wheels.")
@click.option("--sdists", type=_FOLDER, multiple=True, help="Folder of benign sdists.")
@click.option("--previous", type=_FOLDER, multiple=True, help="Folder of wheels of earlier releases of these.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="Where inspections are kept.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 2), help="Inspections at a time.")
@click.option("--missed", is_flag=True, help="Name the families of which nothing is found.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here, too.")
def main(  # noqa: PLR0913, PLR0917 # one parameter an option
    malicious: tuple[Path, ...],
    labels: Path,
    wheels: tuple[Path, ...],
    sdists: tuple[Path, ...],
    previous: tuple[Path, ...],
    cache: Path,
    jobs: int,
    *,
    missed: bool,
    json_path: Path | None,
) -> None:
    """Inspect, judge, count and print."""
    ruleset = Ruleset.load()

    def look(folders: tuple[Path, ...], *, wheels: bool | None = None) -> list[Looked]:
        paths = (path for path in artifacts_in(folders) if wheels is None or (path.suffix == ".whl") is wheels)
        return inspect_all(paths, cache, jobs=jobs, say=_say)

    known = read_labels(labels)
    bad = [(judged(one, ruleset), known[one.digest]) for one in look(malicious) if one.digest in known]
    now = look(wheels, wheels=True)
    good = {
        "wheels": [judged(one, ruleset) for one in now],
        "sdists": [judged(one, ruleset) for one in look(sdists, wheels=False)],
    }
    updates = judged_updates(now, look(previous, wheels=True), ruleset) if previous else []
    print(f"engine {ENGINE_VERSION}, rules {ruleset.hash[:12]}; content is {', '.join(sorted(CONTENT))}")
    tables, rules = recall_tables(bad), rule_table(bad, good)
    _print_recall(tables)
    head = ("cause", "families", "with a visible payload")
    print(table("Families of which nothing is found in content", head, cause_table(bad)))
    _print_benign("Benign, as first releases", good)
    if updates:
        _print_benign("Benign, as updates of their previous release", {"wheels": updates})
    keys = ("rule", "families", "wheels", "sdists", "precision", "benign at most")
    print(table("Rules, by families and benign artifacts", keys, [[row[key] for key in keys] for row in rules]))
    if missed:
        _print_missed(bad)
    if json_path:
        benign = {key: _counts(items) for key, items in {**good, "updates": updates}.items()}
        figures = {"ruleset": ruleset.hash, "recall": tables, "causes": cause_table(bad), "rules": rules}
        json_path.write_text(
            json.dumps({**figures, "benign": benign}, indent=2, default=_plain) + "\n", encoding="utf-8"
        )


def _counts(items: Sequence[Judged]) -> dict[str, object]:
    rate = Rate(sum(item.flagged for item in items), len(items))
    flagged = {item.name: _named(item) for item in items if item.column != "clear"}
    return {"flagged": rate, "upper_bound": round(rate.upper_bound, 4), "not_clear": flagged}


def _print_missed(bad: Labelled) -> None:
    found = _families(bad)
    rows = [
        (label.family, item.digest[:12], item.column, item.risk, label.surface, ", ".join(_named(item, top=3)))
        for item, label in sorted(bad, key=lambda pair: pair[1].family)
        if not any(found[label.family])
    ]
    print(table("Missed families", ("family", "artifact", "column", "risk", "surface", "evidence"), rows))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
