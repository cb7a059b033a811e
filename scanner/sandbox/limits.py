"""What one inspection may use."""

from __future__ import annotations

from typing import Final

import msgspec

__all__ = ["DEFAULT_LIMITS", "SandboxLimits"]


class SandboxLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The limits of one child. Reaching one ends that inspection and no other."""

    wall_seconds: float = 120.0
    """Seconds from the start to the result; the processor time has the same limit, rounded up."""
    memory_bytes: int = 1024**3
    """Address space of the child, the interpreter and the loaded rules included."""
    result_bytes: int = 32 * 1024**2
    """Largest result that the parent reads."""
    open_files: int = 32
    """File descriptors of the child."""


DEFAULT_LIMITS: Final = SandboxLimits()
