"""`pratique scan` on the same file gives the findings that the index stored."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from index.store.tables import StoredInspection
from scanner.model import Inspection, decode
from tests.fixtures.artifacts import MALICIOUS, benign_release
from tests.servers.instance import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.instance import Instance

WHEEL, _ = benign_release("agreeable")
FILES = {
    "benign": (WHEEL.filename, WHEEL.data),
    **{key: (MALICIOUS[key].filename, MALICIOUS[key].data) for key in ("decode-layers-exec", "setup-cmdclass")},
}


@pytest.mark.parametrize("key", FILES)
def test_the_command_and_the_index_find_the_same(key: str, instance: Instance, tmp_path: Path) -> None:
    filename, data = FILES[key]
    (tmp_path / filename).write_bytes(data)
    instance.upload(filename, data)

    command = [sys.executable, "-m", "pratique", "scan", "--format", "json", str(tmp_path / filename)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == (0 if key == "benign" else 1), done.stderr
    scanned = json.loads(done.stdout)

    stored = until(lambda: stored_inspection(instance, filename), seconds=20, what="the index has inspected it")
    told = ["rule", "kind", "title", "severity", "confidence", "role", "member", "line", "snippet"]
    assert [{name: finding[name] for name in told} for finding in scanned["findings"]] == [
        {name: getattr(finding, name) for name in told} for finding in stored.findings
    ]
    assert (scanned["sha256"], scanned["ruleset"], scanned["engine"]) == (stored.sha256, stored.ruleset, stored.engine)


def stored_inspection(instance: Instance, filename: str) -> Inspection | None:
    database = instance.database()
    with database.read() as session:
        payload = session.scalar(select(StoredInspection.payload).where(StoredInspection.filename == filename))
    database.dispose()
    return decode(payload, Inspection) if payload else None
