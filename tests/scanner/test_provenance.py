"""Attestations hold for the file that they were made for, and for nothing else."""

from __future__ import annotations

import base64
import copy
import json
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.model import ProvenanceFact
from scanner.provenance import AttestationInvalid, TrustRoots, TrustRootsBroken, verify_attestations
from tests.fixtures.sigstore import COMMIT, PUBLISH, SLSA, PrivateSigstore, Signer, github, gitlab, google

if TYPE_CHECKING:
    from collections.abc import Callable

WHEEL, DIGEST = "demo-1.0-py3-none-any.whl", "ab" * 32
GITHUB = github("octo/demo")


@pytest.fixture(scope="module")
def instance() -> PrivateSigstore:
    return PrivateSigstore()


@pytest.fixture(scope="module")
def trust(instance: PrivateSigstore, tmp_path_factory: pytest.TempPathFactory) -> TrustRoots:
    return TrustRoots.from_file(instance.write_root(tmp_path_factory.mktemp("sigstore") / "trusted_root.json"))


@pytest.fixture(scope="module")
def good(instance: PrivateSigstore) -> dict[str, Any]:
    return instance.attest(WHEEL, DIGEST, GITHUB)


def verify(trust: TrustRoots, *attestations: object) -> tuple[ProvenanceFact, ...]:
    return verify_attestations(json.dumps(attestations), WHEEL, DIGEST, trust=trust)


@pytest.mark.parametrize(
    ("signer", "kind", "identity"),
    [
        (github("octo/demo"), "GitHub", "octo/demo:release.yml"),
        (github("octo/demo", "a b.yaml", COMMIT).saying(c14=None), "GitHub", "octo/demo:a b.yaml"),
        (gitlab("group/sub/demo"), "GitLab", "group/sub/demo:.gitlab-ci.yml"),
        (gitlab("group/demo", "ci/release.yml"), "GitLab", "group/demo:ci/release.yml"),
        (google("bot@demo.iam.gserviceaccount.com"), "Google", "bot@demo.iam.gserviceaccount.com"),
        (google("bot@example.org").saying(c8=None), "Google", "bot@example.org"),
    ],
    ids=["github", "github at a commit", "gitlab", "gitlab path", "google", "google, first issuer"],
)  # fmt: skip
def test_verified_attestation_names_its_publisher(
    instance: PrivateSigstore, trust: TrustRoots, signer: Signer, kind: str, identity: str
) -> None:
    attestation = instance.attest(WHEEL, DIGEST, signer)
    assert verify(trust, attestation) == (ProvenanceFact(WHEEL, PUBLISH, kind, identity),)


def test_each_predicate_type_may_come_once_and_facts_keep_the_order(
    instance: PrivateSigstore, trust: TrustRoots
) -> None:
    provenance = instance.attest(WHEEL, DIGEST, GITHUB, {"predicateType": SLSA, "predicate": {"buildDefinition": {}}})
    publish = instance.attest(WHEEL, DIGEST, GITHUB)
    assert [fact.predicate_type for fact in verify(trust, provenance, publish)] == [SLSA, PUBLISH]
    assert [fact.predicate_type for fact in verify(trust, publish, provenance)] == [PUBLISH, SLSA]


def test_subject_is_compared_as_a_parsed_filename(instance: PrivateSigstore, trust: TrustRoots) -> None:
    assert verify(trust, instance.attest("Demo-1.0.0-py3-none-any.whl", DIGEST, GITHUB))


def test_sdist_is_verified_too(instance: PrivateSigstore, trust: TrustRoots) -> None:
    sent = json.dumps([instance.attest("demo-1.0.tar.gz", DIGEST, GITHUB)]).encode()
    assert verify_attestations(sent, "demo-1.0.tar.gz", DIGEST, trust=trust)[0].filename == "demo-1.0.tar.gz"


STATEMENTS: dict[str, tuple[dict[str, object], str]] = {
    "another digest": ({"subject": [{"name": WHEEL, "digest": {"sha256": "cd" * 32}}]}, "SHA-256"),
    "another algorithm": ({"subject": [{"name": WHEEL, "digest": {"sha512": DIGEST}}]}, "sha256"),
    "another project": ({"subject": [{"name": "other-1.0-py3-none-any.whl", "digest": {"sha256": DIGEST}}]}, "about"),
    "another version": ({"subject": [{"name": "demo-1.1-py3-none-any.whl", "digest": {"sha256": DIGEST}}]}, "about"),
    "another tag": ({"subject": [{"name": "demo-1.0-cp311-none-any.whl", "digest": {"sha256": DIGEST}}]}, "about"),
    "an sdist": ({"subject": [{"name": "demo-1.0.tar.gz", "digest": {"sha256": DIGEST}}]}, "about"),
    "no distribution": ({"subject": [{"name": "demo.exe", "digest": {"sha256": DIGEST}}]}, "no wheel or sdist"),
    "a name of many tags": (
        {"subject": [{"name": f"demo-1.0-{'.a' * 40}-{'.b' * 40}-any.whl", "digest": {"sha256": DIGEST}}]},
        "too long",
    ),
    "no name": ({"subject": [{"digest": {"sha256": DIGEST}}]}, "malformed"),
    "no subject": ({"subject": []}, "0 subjects"),
    "two subjects": ({"subject": [{"name": WHEEL, "digest": {"sha256": DIGEST}}] * 2}, "2 subjects"),
    "an unknown predicate": ({"predicateType": "https://example.org/trust-me/v1"}, "predicate type"),
    "no predicate": ({"predicateType": None}, "malformed"),
    "an older statement": ({"_type": "https://in-toto.io/Statement/v0.1"}, "Statement"),
}


@pytest.mark.parametrize(("changed", "said"), STATEMENTS.values(), ids=STATEMENTS)
def test_statement_about_something_else_is_refused(
    instance: PrivateSigstore, trust: TrustRoots, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(AttestationInvalid, match=said):
        verify(trust, instance.attest(WHEEL, DIGEST, GITHUB, changed))


def test_statement_that_says_something_twice_is_refused(instance: PrivateSigstore, trust: TrustRoots) -> None:
    subject = json.dumps([{"name": WHEEL, "digest": {"sha256": DIGEST}}])
    payload = (
        f'{{"_type": "https://in-toto.io/Statement/v1", "subject": [], "subject": {subject}, '
        f'"predicateType": "{PUBLISH}", "predicate": null}}'
    )
    with pytest.raises(AttestationInvalid, match="twice"):
        verify(trust, instance.sign(payload.encode(), GITHUB))


def _entry(attestation: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = attestation["verification_material"]["transparency_entries"][0]
    return entry


def _tamper_statement(attestation: dict[str, Any]) -> None:
    statement = base64.b64decode(attestation["envelope"]["statement"])
    attestation["envelope"]["statement"] = base64.b64encode(statement.replace(b"null", b"{}  ")).decode()


def _tamper_signature(attestation: dict[str, Any]) -> None:
    signature = bytearray(base64.b64decode(attestation["envelope"]["signature"]))
    signature[-1] ^= 1
    attestation["envelope"]["signature"] = base64.b64encode(signature).decode()


def _forget_log(attestation: dict[str, Any]) -> None:
    attestation["verification_material"]["transparency_entries"] = []


def _forget_promise(attestation: dict[str, Any]) -> None:
    del _entry(attestation)["inclusionPromise"]


def _forget_proof(attestation: dict[str, Any]) -> None:
    del _entry(attestation)["inclusionProof"]


def _shift_time(attestation: dict[str, Any]) -> None:
    _entry(attestation)["integratedTime"] = str(int(_entry(attestation)["integratedTime"]) + 60)


def _wrong_root(attestation: dict[str, Any]) -> None:
    _entry(attestation)["inclusionProof"]["rootHash"] = base64.b64encode(b"\0" * 32).decode()


def _junk_entry_behind(attestation: dict[str, Any]) -> None:
    entries = attestation["verification_material"]["transparency_entries"]
    junk = copy.deepcopy(entries[0])
    junk["logIndex"] = "999"
    entries.append(junk)


def _many_entries(attestation: dict[str, Any]) -> None:
    attestation["verification_material"]["transparency_entries"] *= 5


def _no_certificate(attestation: dict[str, Any]) -> None:
    attestation["verification_material"]["certificate"] = base64.b64encode(b"certificate").decode()


def _future_version(attestation: dict[str, Any]) -> None:
    attestation["version"] = 2


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (_tamper_statement, "invalid signature"),
        (_tamper_signature, "invalid signature"),
        (_forget_log, "transparency_entries"),
        (_forget_promise, "inclusion promise"),
        (_forget_proof, "log entry"),
        (_shift_time, "inclusion promise"),
        (_wrong_root, "inclusion proof"),
        (_junk_entry_behind, "inclusion promise"),
        (_many_entries, "5 transparency log entries"),
        (_no_certificate, "certificate"),
        (_future_version, "version"),
    ],
)
def test_tampered_attestation_is_refused(
    trust: TrustRoots, good: dict[str, Any], tamper: Callable[[dict[str, Any]], None], said: str
) -> None:
    changed = copy.deepcopy(good)
    tamper(changed)
    assert changed != good
    with pytest.raises(AttestationInvalid, match=f"attestation 1: .*{said}"):
        verify(trust, changed)


def test_log_entry_of_another_attestation_is_refused(
    instance: PrivateSigstore, trust: TrustRoots, good: dict[str, Any]
) -> None:
    changed = copy.deepcopy(good)
    other = instance.attest(WHEEL, DIGEST, GITHUB)
    changed["verification_material"]["transparency_entries"] = other["verification_material"]["transparency_entries"]
    with pytest.raises(AttestationInvalid):
        verify(trust, changed)


def test_signature_after_the_certificate_has_expired_is_refused(instance: PrivateSigstore, trust: TrustRoots) -> None:
    statement = base64.b64decode(instance.attest(WHEEL, DIGEST, GITHUB)["envelope"]["statement"])
    assert verify(trust, instance.sign(statement, GITHUB))
    with pytest.raises(AttestationInvalid):
        verify(trust, instance.sign(statement, GITHUB, at=datetime(2025, 6, 1, 13, tzinfo=UTC)))


def test_another_instance_is_not_believed(trust: TrustRoots) -> None:
    with pytest.raises(AttestationInvalid):
        verify(trust, PrivateSigstore().attest(WHEEL, DIGEST, GITHUB))


@pytest.mark.parametrize(
    ("part", "said"), [("authority", "certificate chain"), ("certificate_log", "SCT"), ("log", "log entry")]
)
def test_every_part_of_the_instance_must_be_trusted(
    instance: PrivateSigstore, trust: TrustRoots, part: str, said: str
) -> None:
    foreign: dict[str, Any] = {part: getattr(PrivateSigstore(), part)}
    with pytest.raises(AttestationInvalid, match=said):
        verify(trust, replace(instance, leaves=[], **foreign).attest(WHEEL, DIGEST, GITHUB))


SIGNERS: dict[str, tuple[Signer, str]] = {
    "unknown provider": (GITHUB.saying(c8="https://login.example.org"), "identity provider is"),
    "no provider": (GITHUB.saying(c8=None), "identity provider is"),
    "two providers": (GITHUB.saying(c1="https://accounts.google.com"), "two identity providers"),
    "no repository": (GITHUB.saying(c12=None), "source repository"),
    "repository elsewhere": (GITHUB.saying(c12="https://github.example.org/octo/demo"), "source repository"),
    "repository of another provider": (GITHUB.saying(c12="https://gitlab.com/octo/demo"), "source repository"),
    "workflow of another repository": (GITHUB.saying(c18=github("evil/demo").claims["18"]), "workflow"),
    "workflow of a longer name": (GITHUB.saying(c18=github("octo/demo-evil").claims["18"]), "workflow"),
    "workflow of another ref": (GITHUB.saying(c18=github("octo/demo", ref="refs/heads/x").claims["18"]), "workflow"),
    "no workflow": (GITHUB.saying(c18=None), "workflow"),
    "neither commit nor ref": (GITHUB.saying(c13=None, c14=None), "workflow"),
    "control character": (GITHUB.saying(c18=github("octo/demo", "a\n.yml").claims["18"]), "workflow"),
    "google without address": (Signer(GITHUB.name, google("bot@example.org").claims), "mail addresses"),
}


@pytest.mark.parametrize(("signer", "said"), SIGNERS.values(), ids=SIGNERS)
def test_signer_that_is_not_understood_is_refused(
    instance: PrivateSigstore, trust: TrustRoots, signer: Signer, said: str
) -> None:
    with pytest.raises(AttestationInvalid, match=said):
        verify(trust, instance.attest(WHEEL, DIGEST, signer))


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "[]",
        "{}",
        "null",
        "[null]",
        "[[]]",
        "[{}]",
        "not JSON",
        '[{"version": NaN}]',
        "[" * 200_000,
        '{"a":' * 200_000,
        " " * (2 * 1024 * 1024) + "[]",
        "[{}, {}, {}]",
        b"\xff\xfe",
        "[]".encode("utf-16"),
        '["\\ud800"]',
        '[{"version": 1, "version": 1}]',
        "[" + "9" * 5000 + "]",
    ],
    ids=range(18),
)
def test_malformed_attestations_are_refused(trust: TrustRoots, sent: bytes | str) -> None:
    with pytest.raises(AttestationInvalid):
        verify_attestations(sent, WHEEL, DIGEST, trust=trust)


def test_json_that_not_every_reader_reads_alike_is_refused(trust: TrustRoots, good: dict[str, Any]) -> None:
    sent = json.dumps([good])
    for strange in (sent.encode("utf-16"), "\ufeff" + sent, sent[:-2] + ', "note": "\\ud800"}]'):
        with pytest.raises(AttestationInvalid, match="no JSON that can be read"):
            verify_attestations(strange, WHEEL, DIGEST, trust=trust)


def test_message_is_one_line_of_printable_characters(trust: TrustRoots) -> None:
    with pytest.raises(AttestationInvalid) as refused:
        verify(trust, {"version": "\r\nX-Header: \x1b[31m\u202e"})
    assert str(refused.value).isprintable()


def test_two_of_one_type_are_refused(instance: PrivateSigstore, trust: TrustRoots, good: dict[str, Any]) -> None:
    with pytest.raises(AttestationInvalid, match="attestation 2: a second one"):
        verify(trust, good, instance.attest(WHEEL, DIGEST, GITHUB))
    with pytest.raises(AttestationInvalid, match="attestation 2: a second one"):
        verify(trust, good, good)


def test_one_bad_attestation_refuses_the_good_one_beside_it(
    instance: PrivateSigstore, trust: TrustRoots, good: dict[str, Any]
) -> None:
    with pytest.raises(AttestationInvalid, match="attestation 2"):
        verify(trust, good, instance.attest(WHEEL, "cd" * 32, GITHUB, {"predicateType": SLSA}))


def test_attestation_of_a_private_instance_means_nothing_to_the_public_one(good: dict[str, Any]) -> None:
    with pytest.raises(AttestationInvalid):
        verify(TrustRoots.production(), good)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_byte_survives(trust: TrustRoots, good: dict[str, Any], data: st.DataObject) -> None:
    """Whatever byte of the signed or certified parts changes, the attestation is refused, and by our exception."""
    path = data.draw(
        st.sampled_from(
            [
                ("envelope", "statement"),
                ("envelope", "signature"),
                ("verification_material", "certificate"),
            ]
        )
    )
    changed = copy.deepcopy(good)
    content = bytearray(base64.b64decode(changed[path[0]][path[1]]))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    changed[path[0]][path[1]] = base64.b64encode(content).decode()
    with pytest.raises(AttestationInvalid):
        verify(trust, changed)


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b"\xff"])
def test_broken_trusted_root_is_the_operators_fault(
    tmp_path: Path, good: dict[str, Any], content: bytes | None
) -> None:
    path = tmp_path / "trusted_root.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrustRootsBroken, match=r"trusted_root\.json"):
        verify(TrustRoots.from_file(path), good)


def test_public_root_needs_neither_network_nor_home(tmp_path: Path) -> None:
    """In a fresh process whose HOME cannot be written and that has no sockets, the public keys load."""
    home = tmp_path / "home"
    home.write_text("no folder", encoding="utf-8")
    program = """
import socket, sys
def refuse(*arguments, **named):
    raise AssertionError("a socket was asked for")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from scanner.provenance import TrustRoots
print(type(TrustRoots.production().verifier).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(home), "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout.strip(), done.returncode) == ("Verifier", 0), done.stderr
    assert home.read_text(encoding="utf-8") == "no folder"


def test_importing_provenance_costs_no_cryptography() -> None:
    costly = {"sigstore", "pypi_attestations", "cryptography", "requests", "tuf"}
    program = f"import sys, scanner.provenance; print([m for m in sys.modules if m.split('.')[0] in {costly!r}])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"


def test_verifying_asks_no_network(trust: TrustRoots, good: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert verify(trust, good)
