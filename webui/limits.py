"""How often somebody may try to sign in.

The counts are kept in the memory of each web process: with several processes an attacker has as many times the tries.
Generated passwords have 144 random bits and codes are used up, so the limit is about noise, not about guessing.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from flask import request, session
from flask_limiter import Limiter

__all__ = ["CODE_LIMIT", "SIGN_IN_LIMIT", "by_account", "by_account_in_sign_in", "by_address", "limiter"]

#: Failed attempts, for each address.
SIGN_IN_LIMIT: Final = "10 per minute; 100 per hour"

#: Failed codes, for each account whose password was right.
CODE_LIMIT: Final = "5 per minute; 20 per hour"

_IPV6_PREFIX: Final = 64


def by_address() -> str:
    """The client's address; for IPv6 the network that one subscriber has."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)


def by_account() -> str:
    """The account that is signed in; the address where there is none."""
    return str(session.get("_user_id") or by_address())


def by_account_in_sign_in() -> str:
    """The account whose password was given; the address where there is none."""
    return str(session.get("second_factor_of") or by_address())


limiter: Final = Limiter(by_address, storage_uri="memory://", headers_enabled=False)
