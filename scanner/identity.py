"""Who signed: the publisher that a Fulcio certificate names, of the kinds that PEP 740's provenance object knows.

Fulcio writes what the identity provider said about the signer into extensions of the certificate
(1.3.6.1.4.1.57264.1.*). A certificate of another provider is not understood and so is no identity.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["Identity", "IdentityUnknown", "identity_of"]

_ARC: Final = "1.3.6.1.4.1.57264.1."
_ISSUER_V1, _ISSUER = "1", "8"
_REPOSITORY, _COMMIT, _REF, _BUILD_CONFIG = "12", "13", "14", "18"

_GITHUB: Final = "https://token.actions.githubusercontent.com"
_GITLAB: Final = "https://gitlab.com"
_GOOGLE: Final = "https://accounts.google.com"

_UTF8_STRING: Final = 0x0C
_LONG_LENGTH: Final = 0x80


class IdentityUnknown(Exception):
    """The certificate does not say who signed in a way that is understood here."""


class Identity(NamedTuple):
    """A publisher: its kind, and its name among those of that kind.

    `GitHub` and `GitLab`: `owner/repository:workflow file`; `Google`: the address of the account.
    """

    kind: str
    name: str


def identity_of(certificate: Certificate) -> Identity:
    """The publisher that `certificate`, which is verified already, was issued to.

    Raises:
        IdentityUnknown: the provider or a claim is missing, malformed or none of ours.
    """
    claims = _claims(certificate)
    issuer = claims.get(_ISSUER)
    if issuer == _GITHUB:
        return _workflow("GitHub", claims, r"https://github\.com/([\w.-]+/[\w.-]+)", "/.github/workflows/")
    if issuer == _GITLAB:
        return _workflow("GitLab", claims, r"https://gitlab\.com/([\w.-]+(?:/[\w.-]+)+)", "//")
    if issuer == _GOOGLE:
        return Identity("Google", _address(certificate))
    raise IdentityUnknown(f"the identity provider is {issuer!r}; expected one of {_GITHUB}, {_GITLAB}, {_GOOGLE}")


def _workflow(kind: str, claims: dict[str, str], repository_form: str, separator: str) -> Identity:
    """The repository and the workflow file that ran, at the commit or ref that the certificate names.

    Raises:
        IdentityUnknown: the claims do not fit together.
    """
    repository = claims.get(_REPOSITORY, "")
    slug = re.fullmatch(repository_form, repository, re.ASCII)
    if slug is None:
        raise IdentityUnknown(f"the source repository {repository!r} is none of {kind}")
    config = claims.get(_BUILD_CONFIG, "")
    for version in filter(None, (claims.get(_COMMIT), claims.get(_REF))):
        prefix, suffix = repository + separator, f"@{version}"
        if config.startswith(prefix) and config.endswith(suffix):
            path = config[len(prefix) : -len(suffix)]
            if re.fullmatch(r"[\w./ +-]+", path, re.ASCII):
                return Identity(kind, f"{slug[1]}:{path}")
    raise IdentityUnknown(f"the workflow {config!r} is none of {repository} at the commit or ref of the certificate")


def _address(certificate: Certificate) -> str:
    from cryptography import x509  # noqa: PLC0415 # here, so that nobody pays for it who verifies nothing

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.RFC822Name)
    if len(addresses) != 1 or len(names) != 1:
        raise IdentityUnknown(f"the certificate has {len(addresses)} mail addresses, expected exactly one name")
    return addresses[0]


def _claims(certificate: Certificate) -> dict[str, str]:
    """What the provider said, by the last number of the extension.

    Raises:
        IdentityUnknown: an extension is malformed, or the two spellings of the issuer differ.
    """
    from cryptography import x509  # noqa: PLC0415 # as above

    claims: dict[str, str] = {}
    for extension in certificate.extensions:
        name, value = extension.oid.dotted_string, extension.value
        if not name.startswith(_ARC) or not isinstance(value, x509.UnrecognizedExtension):
            continue
        number = name.removeprefix(_ARC)
        # Extensions 1 to 6 hold raw text, the later ones a DER UTF8String.
        claims[number] = _text(value.value) if number in set("123456") else _text(_utf8_string(value.value))
    first = claims.get(_ISSUER_V1)
    if first is not None and claims.setdefault(_ISSUER, first) != first:
        raise IdentityUnknown(f"the certificate names two identity providers, {first!r} and {claims[_ISSUER]!r}")
    return claims


def _utf8_string(der: bytes) -> bytes:
    """The content of a DER UTF8String.

    Raises:
        IdentityUnknown: it is something else.
    """
    header = 2
    if len(der) >= header and der[0] == _UTF8_STRING:
        length = der[1]
        if length > _LONG_LENGTH:
            header += length - _LONG_LENGTH
            length = int.from_bytes(der[2:header], "big")
        if len(der) == header + length:
            return der[header:]
    raise IdentityUnknown("an extension of the certificate is no UTF8String")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise IdentityUnknown("an extension of the certificate is no UTF-8") from error
