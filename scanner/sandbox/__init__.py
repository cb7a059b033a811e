"""The sandbox: hostile bytes are looked at in a process that can do nothing but answer.

`Sandbox.inspect` gives an `Inspection` or raises `InspectionFailed`; whatever the artifact does to the process
that reads it costs that one inspection. How it is built and what each layer is for: `docs/sandbox.md`.
"""

from scanner.sandbox.caching import CachingSandbox
from scanner.sandbox.client import Sandbox, SandboxUnavailable, hash_of
from scanner.sandbox.failures import FailureReason, InspectionFailed
from scanner.sandbox.limits import SandboxLimits
from scanner.sandbox.walls import LAYERS

__all__ = [
    "LAYERS",
    "CachingSandbox",
    "FailureReason",
    "InspectionFailed",
    "Sandbox",
    "SandboxLimits",
    "SandboxUnavailable",
    "hash_of",
]
