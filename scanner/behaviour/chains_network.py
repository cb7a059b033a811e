"""The chains that send: secrets, identity and the environment, and where they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner.behaviour import patterns
from scanner.behaviour.facts import Facts, Hit, has, resolves_fixed_name
from scanner.behaviour.values import (
    CLIPBOARD,
    COMPUTED,
    CREDENTIAL,
    DECODED,
    ENVIRONMENT_ALL,
    HOST,
    NAMED_SECRET,
    PLACEHOLDER,
    SCREEN,
)
from scanner.behaviour.vocabulary import Effect
from scanner.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanner.behaviour.events import Event

__all__ = ["RULES"]

#: Calls that take what is sent, not where to.
_CARRYING: Final = (".send", ".sendall", ".sendto", ".recv", ".emit", ".sendmail", ".send_message")
_SENDING: Final = (Effect.NETWORK, Effect.RESOLVE, Effect.DOWNLOAD)


def _stolen(facts: Facts) -> Iterator[Hit]:
    """What is sent, by where it came from."""
    for event in facts.events(*_SENDING, Effect.PROCESS):
        taint = event.value.taint
        if event.what == Effect.PROCESS and not patterns.SENDING_TOOL.match(event.text):
            continue
        if taint & NAMED_SECRET:
            yield Hit("wallet-secret-exfiltration", event)
        if event.what == Effect.RESOLVE and not _named_domain(event):
            continue
        if taint & CREDENTIAL:
            # Where somebody must call it, it may be the one thing that the credential is for.
            yield Hit("credential-exfiltration", event, facts.graded(event, Severity.CRITICAL, Severity.MEDIUM))
        elif taint & ENVIRONMENT_ALL:
            yield Hit("env-exfiltration", event, facts.graded(event, Severity.CRITICAL, Severity.HIGH))
        elif taint & (CLIPBOARD | SCREEN):
            yield Hit("surveillance-exfiltration", event)
        elif taint & HOST:
            yield Hit("host-identity-beacon", event, facts.graded(event, Severity.HIGH, Severity.MEDIUM))


def _named_domain(event: Event) -> bool:
    """Whether a name is looked up that carries data below a fixed domain."""
    return PLACEHOLDER in event.text and event.text.rpartition(PLACEHOLDER)[2].count(".") > 0


def _addressed(facts: Facts) -> Iterator[Hit]:
    """Where it goes to, or comes from."""
    for event in facts.events(*_SENDING, Effect.PROCESS, Effect.BROWSE):
        text = event.text
        sending = event.what != Effect.PROCESS
        if patterns.WEBHOOK_WITH_SECRET.search(text):
            yield Hit("webhook-exfiltration", event)
        elif patterns.WEBHOOK.search(text) or (sending and "ebhook" in event.callee and "http" in text):
            yield Hit("webhook-exfiltration", event, facts.graded(event, Severity.HIGH, Severity.MEDIUM))
        if patterns.PERSONAL_RECEIVER.search(text):
            yield Hit("personal-receiver", event)
        elif patterns.RECEIVER.search(text):
            yield Hit("throwaway-receiver", event)
        if not sending:
            continue
        if patterns.PROGRAM_ADDRESS.search(text):
            yield Hit("program-download", event, facts.graded(event, Severity.HIGH, Severity.MEDIUM))
        if patterns.RAW_ADDRESS.search(text):
            yield Hit("bare-address", event, facts.graded(event, Severity.HIGH, Severity.MEDIUM))
        if not event.callee.endswith(_CARRYING) and any(has(v, DECODED | COMPUTED) for v in event.arguments[:1]):
            yield Hit("hidden-address", event)


def _at_import(facts: Facts) -> Iterator[Hit]:
    """A module that talks to somebody just because it was imported."""
    if facts.is_build_script:
        return
    for event in facts.events(Effect.NETWORK, Effect.DOWNLOAD, Effect.RESOLVE, Effect.BROWSE):
        if facts.runs(event) and (event.what != Effect.RESOLVE or resolves_fixed_name(event)):
            fixed = event.what != Effect.BROWSE and (
                event.what == Effect.RESOLVE or patterns.FIXED_ADDRESS.search(event.text) is not None
            )
            yield Hit("import-time-network", event, Severity.HIGH if fixed else Severity.MEDIUM)


def _harvested(facts: Facts) -> Iterator[Hit]:
    """Several kinds of stores of secrets, named in one module that can send."""
    senders = [e for e in facts.events(*_SENDING) if e.what != Effect.RESOLVE]
    if not senders:
        return
    families = [family for family in patterns.CREDENTIAL_FAMILIES if family.search(facts.text)]
    if len(families) > 1:
        yield Hit("credential-harvest", senders[0])
    elif any(facts.events(Effect.OPEN)):
        opened = next(facts.events(Effect.OPEN))
        yield Hit("credential-read", opened, facts.graded(opened, Severity.HIGH, Severity.LOW))


def _watched(facts: Facts) -> Iterator[Hit]:
    """Keys that are recorded in a module that can send."""
    senders = list(facts.events(Effect.NETWORK))
    for event in facts.events(Effect.INPUT_HOOK):
        if senders:
            yield Hit("keystrokes-sent", event, steps=((senders[0].callee, senders[0].line),))
            return


RULES: Final[tuple[Callable[[Facts], Iterator[Hit]], ...]] = (_stolen, _addressed, _at_import, _harvested, _watched)
