"""The walls around a child, raised from the outside in; the last one takes the means to raise or lower any.

Every layer is tried. One that this kernel, container or user cannot have is recorded with its reason and the
others are raised all the same: the policy says which layers must hold before anything is published by itself.
"""

from __future__ import annotations

import math
import os
import resource
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scanner.sandbox import linux
from scanner.sandbox.landlock import landlock_ruleset
from scanner.sandbox.seccomp import filter_program
from scanner.sandbox.wire import Walls

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner.sandbox.limits import SandboxLimits

__all__ = ["LAYERS", "NOBODY", "Builder", "Material"]

#: The names of the layers, in the order in which they are told.
LAYERS: Final = ("rlimits", "no_new_privs", "uid", "netns", "userns", "pidns", "ipcns", "seccomp", "landlock")

#: The user and group that owns nothing.
NOBODY: Final = 65534

_NAMESPACES: Final = {
    "netns": linux.CLONE_NEWNET,
    "pidns": linux.CLONE_NEWPID,
    "ipcns": linux.CLONE_NEWIPC | linux.CLONE_NEWUTS,
}


@dataclass(frozen=True, slots=True)
class Material:
    """What the fork server prepares once for all its children."""

    limits: SandboxLimits
    filter: bytes | None
    ruleset: int | None
    missing: dict[str, str]

    @classmethod
    def prepare(cls, limits: SandboxLimits) -> Material:
        """The filter and the Landlock ruleset of this machine, as far as it can have them."""
        missing: dict[str, str] = {}
        program: bytes | None = None
        ruleset: int | None = None
        try:
            program = filter_program()
        except OSError as error:
            missing["seccomp"] = str(error)
        try:
            ruleset = landlock_ruleset()
        except OSError as error:
            missing["landlock"] = str(error)
        return cls(limits, program, ruleset, missing)


@dataclass(slots=True)
class Builder:
    """Raises the walls of one child and remembers which of them hold."""

    material: Material
    held: set[str] = field(default_factory=set)
    missing: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What the machine cannot have is missing from the start."""
        self.missing.update(self.material.missing)

    def raise_outer(self) -> None:
        """What the child's warden shares with it: limits, namespaces, another user."""
        self._try("rlimits", self._limit_resources)
        self._enter_namespaces()
        self._try("uid", _become_nobody)
        self._try("userns", partial(linux.unshare, linux.CLONE_NEWUSER))
        self._enter_namespaces()

    def raise_inner(self) -> None:
        """What holds for the child alone. Afterwards it can open, execute, connect and fork nothing."""
        if "rlimits" in self.held:
            self._try("rlimits", _forbid_forks)
        self._try("no_new_privs", _renounce_privileges)
        if self.material.ruleset is not None:
            self._try("landlock", partial(linux.landlock_restrict, self.material.ruleset))
            os.close(self.material.ruleset)
        if self.material.filter is not None:
            self._try("seccomp", partial(linux.seccomp_filter, self.material.filter))

    def report(self) -> Walls:
        """What holds, and what does not and why."""
        return Walls(tuple(layer for layer in LAYERS if layer in self.held), self.missing)

    def _try(self, layer: str, step: Callable[[], None]) -> None:
        try:
            step()
        except (OSError, ValueError, AttributeError) as error:
            self.held.discard(layer)
            self.missing[layer] = str(error)
        else:
            self.held.add(layer)
            self.missing.pop(layer, None)

    def _enter_namespaces(self) -> None:
        # Tried as the user that started us, and again as the owner of a new user namespace.
        for layer, flags in _NAMESPACES.items():
            if layer not in self.held:
                self._try(layer, partial(linux.unshare, flags))

    def _limit_resources(self) -> None:
        limits = self.material.limits
        _die_first()
        for which, most in (
            (resource.RLIMIT_AS, limits.memory_bytes),
            (resource.RLIMIT_CPU, math.ceil(limits.wall_seconds)),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, limits.open_files),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(which)[1]
            value = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (value, value))


def _die_first() -> None:
    """When the machine has no memory left, the kernel ends this process before the worker."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:
        # A kindness to the neighbours, no wall.
        return


def _become_nobody() -> None:
    if os.geteuid() != 0:
        raise PermissionError("not started as root, so the child keeps the user of its worker")
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _forbid_forks() -> None:
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _renounce_privileges() -> None:
    linux.forbid_new_privileges()
    linux.refuse_inspection_by_others()
    # A new user namespace gave them all, over things that belong to it; they are kernel surface all the same.
    linux.drop_capabilities()
