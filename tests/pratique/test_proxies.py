"""Forwarded headers count only when a trusted proxy sent them."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from flask import Flask, request

from pratique.proxies import TrustedProxies


@pytest.mark.parametrize(
    ("peer", "networks", "seen"),
    [
        ("10.0.0.7", ["10.0.0.0/8"], ("203.0.113.9", "https")),
        ("192.0.2.1", ["10.0.0.0/8"], ("192.0.2.1", "http")),
        ("10.0.0.7", [], ("10.0.0.7", "http")),
        ("not an address", ["10.0.0.0/8"], ("not an address", "http")),
    ],
)
def test_forwarded_headers_are_believed_from_trusted_networks_only(
    peer: str, networks: list[str], seen: tuple[str, str]
) -> None:
    app = Flask("proxied")
    app.add_url_rule("/", view_func=lambda: {"address": request.remote_addr, "scheme": request.scheme})
    app.wsgi_app = TrustedProxies(app.wsgi_app, [ip_network(network) for network in networks])  # type: ignore[method-assign] # Flask's own way

    answer = app.test_client().get(
        "/",
        headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"},
        environ_overrides={"REMOTE_ADDR": peer},
    )

    assert answer.json == {"address": seen[0], "scheme": seen[1]}
