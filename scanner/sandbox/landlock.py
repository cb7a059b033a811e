"""Landlock: the child can open no file, make no TCP connection and signal nobody outside.

The ruleset has no exception, because everything that a child needs is in memory before it starts.
"""

from __future__ import annotations

from typing import Final

from scanner.sandbox import linux

__all__ = ["landlock_ruleset"]

#: How many rights over files each version of Landlock knows; they are bits 0, 1, 2, … (linux/landlock.h).
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_SINCE, _NETWORK_RIGHTS = 4, 0b11
_SCOPES_SINCE, _SCOPES = 6, 0b11


def landlock_ruleset() -> int:
    """The descriptor of a ruleset that takes every right which this kernel's Landlock knows; inheritable by fork.

    Raises:
        OSError: the kernel has no Landlock, or it is switched off.
    """
    version = linux.landlock_version()
    files = (1 << _FILE_RIGHTS[min(version, max(_FILE_RIGHTS))]) - 1
    network = _NETWORK_RIGHTS if version >= _NETWORK_SINCE else 0
    scopes = _SCOPES if version >= _SCOPES_SINCE else 0
    size = 24 if version >= _SCOPES_SINCE else 16 if version >= _NETWORK_SINCE else 8
    return linux.landlock_create(files, network, scopes, size=size)
