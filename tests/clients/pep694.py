"""A small reference client for the upload API 2.0 (PEP 694): it follows the links that the server gives, and no others.

python tests/clients/pep694.py http://127.0.0.1:8000/upload/2.0/ TOKEN dist/*
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import requests

__all__ = ["CONTENT_TYPE", "Client", "Problem", "Release"]

CONTENT_TYPE: Final = "application/vnd.pypi.upload.v2+json"
_META: Final = {"api-version": "2.0"}
_MECHANISM: Final = "http-post-bytes"
_PROBLEM: Final = "application/problem+json"


class Problem(Exception):
    """The server refuses: an RFC 9457 document."""

    def __init__(self, response: requests.Response) -> None:
        kind = response.headers.get("Content-Type", "")
        assert kind == _PROBLEM, f"{response.status_code} {kind}: {response.text[:200]}"
        self.document: dict[str, Any] = response.json()
        self.status = response.status_code
        self.location = response.headers.get("Location", "")
        super().__init__(f"{self.status}: {self.document['detail']}")

    @property
    def code(self) -> str:
        """The stable code of the first fault."""
        return str(self.document["code"])


@dataclass
class Client:
    """Somebody with a token, before one index."""

    root: str
    token: str
    http: requests.Session = field(default_factory=requests.Session)

    def send(self, method: str, url: str, document: dict[str, Any] | None = None) -> requests.Response:
        """The answer to one request of this API.

        Raises:
            Problem: it is a refusal.
        """
        body = None if document is None else json.dumps({"meta": _META, **document}).encode()
        headers = {"Accept": CONTENT_TYPE, **({} if body is None else {"Content-Type": CONTENT_TYPE})}
        return self._checked(self.http.request(method, url, data=body, headers=headers, **self._account()))

    def send_raw(self, url: str, data: bytes, kind: str) -> requests.Response:
        """The answer to bytes of that type. Raises as `send`."""
        headers = {"Accept": CONTENT_TYPE, "Content-Type": kind}
        return self._checked(self.http.post(url, data=data, headers=headers, **self._account()))

    def open(self, name: str, version: str) -> Release:
        """A publishing session for the release."""
        answer = self.send("POST", self.root, {"name": name, "version": version})
        assert answer.status_code == 201
        document = answer.json()
        assert answer.headers["Location"] == document["links"]["session"]
        return Release(self, document)

    def resume(self, session_url: str) -> Release:
        """The session at that address."""
        return Release(self, self.send("GET", session_url).json())

    def _account(self) -> dict[str, Any]:
        return {"auth": ("__token__", self.token), "timeout": 60, "allow_redirects": False}

    def _checked(self, response: requests.Response) -> requests.Response:
        if response.status_code >= 400:
            raise Problem(response)
        if response.status_code != 204:
            assert response.headers["Content-Type"] == CONTENT_TYPE
            assert response.json()["meta"] == _META
        return response


@dataclass
class Release:
    """One publishing session."""

    client: Client
    document: dict[str, Any]
    """As the server described it last."""

    @property
    def links(self) -> dict[str, str]:
        links: dict[str, str] = self.document["links"]
        return links

    @property
    def status(self) -> str:
        return str(self.document["status"])

    def look(self) -> str:
        """The status now."""
        self.document = self.client.send("GET", self.links["session"]).json()
        return self.status

    def upload(self, filename: str, data: bytes, *, attestations: list[Any] | None = None) -> dict[str, Any]:
        """The file is in the session; its document."""
        file = self.announce(filename, data)
        self.client.send_raw(file["mechanism"]["file_url"], data, "application/octet-stream")
        if attestations is not None:
            body = json.dumps(attestations).encode()
            self.client.send_raw(file["mechanism"]["attestations_url"], body, "application/json")
        return self.complete(file)

    def announce(self, filename: str, data: bytes, **changes: Any) -> dict[str, Any]:
        """The file session, before anything is sent."""
        asked = {
            "filename": filename,
            "size": len(data),
            "hashes": {"sha256": sha256(data).hexdigest()},
            "mechanism": _MECHANISM,
        }
        assert _MECHANISM in self.document["mechanisms"]
        answer = self.client.send("POST", self.links["upload"], {**asked, **changes})
        assert answer.status_code == 202
        assert int(answer.headers["Retry-After"]) >= 0
        file: dict[str, Any] = answer.json()
        return file

    def complete(self, file: dict[str, Any]) -> dict[str, Any]:
        """The completed file's document."""
        answer = self.client.send("POST", file["links"]["complete"], {})
        done: dict[str, Any] = answer.json()
        assert (answer.status_code, done["status"]) in {(201, "completed"), (202, "processing")}
        return done

    def delete(self, file: dict[str, Any]) -> None:
        """The file is not in the session."""
        assert self.client.send("DELETE", file["links"]["file-upload-session"]).status_code == 204

    def publish(self) -> str:
        """The status after asking for publication."""
        answer = self.client.send("POST", self.links["publish"], {})
        assert answer.headers["Location"] == self.links["session"]
        self.document = answer.json()
        assert (answer.status_code, self.status) in {(201, "published"), (202, "processing")}
        return self.status

    def wait(self, seconds: float) -> str:
        """The status when it is no longer `processing`, or that if it takes longer."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.client.send("GET", self.links["session"])
            self.document = answer.json()
            if self.status != "processing" or time.monotonic() > deadline:
                return self.status
            time.sleep(min(float(answer.headers["Retry-After"]), 0.25))

    def extend(self, seconds: int) -> str:
        """When the session expires now."""
        self.document = self.client.send("POST", self.links["extend"], {"extend-for": seconds}).json()
        return str(self.document["expires-at"])

    def cancel(self) -> None:
        """The session is canceled."""
        assert self.client.send("DELETE", self.links["session"]).status_code == 204


def _main(root: str, token: str, *paths: str) -> int:
    """Upload the files of one release and publish them."""
    files = [Path(path) for path in paths]
    name, version = files[0].name.removesuffix(".tar.gz").split("-")[:2]
    release = Client(root, token).open(name, version)
    for path in files:
        release.upload(path.name, path.read_bytes())
    release.publish()
    status = release.wait(60)
    print(status, *release.document["notices"], sep="\n")  # noqa: T201 # a program for people
    return 0 if status == "published" else 1


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
