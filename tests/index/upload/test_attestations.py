"""Attestations that come with the file, made by a Sigstore of the tests' own."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import select

from index.store.tables import File
from scanner.model import ProvenanceFact
from tests.fixtures.sigstore import PrivateSigstore, github

if TYPE_CHECKING:
    from pathlib import Path

    from index.services import Services
    from tests.fixtures.artifacts import Artifact
    from tests.index.upload.conftest import Client

SIGNER = github("octo/tidy-example")


@pytest.fixture(scope="module")
def sigstore() -> PrivateSigstore:
    return PrivateSigstore()


@pytest.fixture
def trusting(services: Services, sigstore: PrivateSigstore, tmp_path: Path) -> Services:
    root = sigstore.write_root(tmp_path / "trusted_root.json")
    services.settings = services.settings.model_copy(update={"trusted_root": root})
    return services


def attest(sigstore: PrivateSigstore, artifact: Artifact, *, filename: str | None = None) -> str:
    digest = hashlib.sha256(artifact.data).hexdigest()
    return json.dumps([sigstore.attest(filename or artifact.filename, digest, SIGNER)])


def test_a_file_keeps_the_attestations_that_hold_as_they_were_sent(
    client: Client, trusting: Services, sigstore: PrivateSigstore, wheel: Artifact
) -> None:
    sent = attest(sigstore, wheel)
    answer = client.upload(wheel, {"attestations": sent})
    assert answer.status_code == 200, answer.text
    with trusting.database.read() as session:
        file = session.scalars(select(File)).one()
        assert file.attestations == sent
        (fact,) = msgspec.json.decode(file.provenance or "", type=list[ProvenanceFact])
        assert fact.filename == wheel.filename
        assert fact.publisher_kind == "GitHub"


def test_an_attestation_of_another_file_refuses_the_upload(
    client: Client, trusting: Services, sigstore: PrivateSigstore, wheel: Artifact, sdist: Artifact
) -> None:
    answer = client.upload(wheel, {"attestations": attest(sigstore, sdist, filename=wheel.filename)})
    assert answer.status.startswith("400 Invalid attestations supplied during upload: attestation 1: ")
    with trusting.database.read() as session:
        assert session.scalars(select(File)).all() == []


def test_an_attestation_of_a_sigstore_that_nobody_trusts_refuses_the_upload(
    client: Client, trusting: Services, wheel: Artifact
) -> None:
    assert client.upload(wheel, {"attestations": attest(PrivateSigstore(), wheel)}).status_code == 400


@pytest.mark.parametrize("broken", ["gone", "nonsense"])
def test_what_cannot_be_verified_is_not_accepted(
    client: Client, trusting: Services, sigstore: PrivateSigstore, wheel: Artifact, broken: str
) -> None:
    root = trusting.settings.trusted_root
    assert root is not None
    if broken == "gone":
        root.unlink()
    else:
        root.write_text("{}")
    answer = client.upload(wheel, {"attestations": attest(sigstore, wheel)})
    assert answer.status_code == 503
    assert "attestations.unverifiable" in answer.text
    with trusting.database.read() as session:
        assert session.scalars(select(File)).all() == []
