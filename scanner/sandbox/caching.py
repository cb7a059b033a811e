"""A sandbox that remembers: what it has inspected already it does not inspect again.

Only this process writes to the cache, and only under the hash that it computed itself. What a child learned of members
is kept under the hash of the artifact that it read, and used for another artifact only when the caller names that one
as its `base`: `docs/decisions/cache.md` says what that guards against.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final, Self

import msgspec

from scanner.engine import memory_key
from scanner.memory import settled
from scanner.model import ENGINE_VERSION, Inspection, Sha256Hex, decode, encode
from scanner.sandbox.client import Sandbox, SandboxUnavailable, opened, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scanner.cache import Cache
    from scanner.model import RulesetHash

__all__ = ["CachingSandbox"]

_INSPECTION: Final = "inspection"
_LEARNED: Final = "learned"


class CachingSandbox:
    """A sandbox behind a cache. It is opened when the first artifact comes that the cache does not know."""

    def __init__(self, open_sandbox: Callable[[], Sandbox], cache: Cache | None, ruleset: RulesetHash) -> None:
        """Nothing is started yet. `ruleset` names the rules with which `open_sandbox` opens a sandbox.

        Without a cache it is a sandbox and no more.
        """
        self.ruleset_hash = ruleset
        self._open_sandbox = open_sandbox
        self._cache = cache
        self._key = memory_key(ruleset)
        self._sandbox: Sandbox | None = None
        self._lock = Lock()

    @classmethod
    def around(cls, sandbox: Sandbox, cache: Cache | None) -> Self:
        """A sandbox that is open already, behind the cache."""
        caching = cls(lambda: sandbox, cache, sandbox.ruleset_hash)
        caching._opened()
        return caching

    def inspect(self, artifact: Path, filename: str, *, base: Sha256Hex | None = None) -> Inspection:
        """What the scanner finds in `artifact` as `filename`: from the cache, else by inspecting it.

        `base` is an artifact that is trusted to speak for members that this one shares with it: the release before.

        Raises:
            InspectionFailed: there is no result that can be believed; the artifact must stay held.
            SandboxUnavailable: one is needed, and cannot be opened.
        """
        if self._cache is None:
            return self._opened().inspect(artifact, filename)
        with opened(artifact) as descriptor:
            known = self._known(sha256_of(descriptor), filename, self._cache)
            if known is not None:
                return known
            before = self._cache.read(self._name(_LEARNED, base)) if base is not None else None
            inspection, learned = self._opened().learn(descriptor, filename, before or b"")
        # The hash in it is the sandbox's own, of the bytes that the child had.
        if settled(inspection.findings):
            self._cache.write(self._name(_INSPECTION, inspection.sha256, filename), encode(inspection))
            if learned:
                self._cache.write(self._name(_LEARNED, inspection.sha256), learned)
        return inspection

    def close(self) -> None:
        """The sandbox has ended, if there was one."""
        with self._lock:
            if self._sandbox is not None:
                self._sandbox.close()

    def _opened(self) -> Sandbox:
        with self._lock:
            if self._sandbox is None:
                opened_now = self._open_sandbox()
                if opened_now.ruleset_hash != self.ruleset_hash:
                    opened_now.close()
                    raise SandboxUnavailable("the rules on disk have changed since they were loaded; start again")
                self._sandbox = opened_now
            return self._sandbox

    def _known(self, digest: Sha256Hex, filename: str, cache: Cache) -> Inspection | None:
        data = cache.read(self._name(_INSPECTION, digest, filename))
        if data is None:
            return None
        try:
            inspection = decode(data, Inspection)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return None
        about = (inspection.sha256, inspection.filename, inspection.engine, inspection.ruleset)
        if about != (digest, filename, ENGINE_VERSION, self.ruleset_hash) or not settled(inspection.findings):
            return None
        if self._sandbox is not None and inspection.sandbox_level != self._sandbox.level:
            return None  # other walls hold today, and the policy may ask for them
        return inspection

    def _name(self, kind: str, digest: Sha256Hex, filename: str = "") -> str:
        return f"{kind}\0{self._key}\0{digest}\0{filename}"
