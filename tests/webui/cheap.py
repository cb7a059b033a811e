"""Passwords that are quick to hash: the tests sign in hundreds of times."""

from __future__ import annotations

from argon2 import PasswordHasher

from index.accounts import people

__all__ = ["hash_cheaply"]


def hash_cheaply() -> None:
    """Passwords cost next to nothing in this process from now on."""
    people._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # type: ignore[misc] # Final, but for tests
