"""What a request brings is not read before it is known who sends it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask import Flask


class Unread(io.RawIOBase):
    """A body that nobody may touch."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise AssertionError("the body was read")


def unread(kind: str) -> dict[str, object]:
    """What the server says of a request with a large body."""
    return {"wsgi.input": Unread(), "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(10**9)}


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.pypi.upload.v2+json", "multipart/form-data"])
@pytest.mark.parametrize("path", ["/legacy/", "/upload/2.0/", "/upload/2.0/files/0/attestations"])
def test_a_body_without_a_token_is_refused_unread(shared_app: Flask, path: str, kind: str) -> None:
    with shared_app.test_client() as client:
        answer = client.post(path, environ_overrides=unread(kind))
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/simple/", "/", "/submissions/0", "/sign-in"])
def test_json_that_nobody_asked_for_is_not_read(shared_app: Flask, path: str) -> None:
    with shared_app.test_client() as client:
        client.get(path, environ_overrides=unread("application/json"))
