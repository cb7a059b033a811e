"""The chains by which somebody else holds the machine: bots, remote commands, keys, clipboard and files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanner.behaviour import patterns
from scanner.behaviour.events import Event
from scanner.behaviour.facts import Facts, Hit, has
from scanner.behaviour.scopes import FunctionInfo, Partial
from scanner.behaviour.values import (
    CREDENTIAL,
    DECODED,
    ENCRYPTED,
    ENVIRONMENT_ALL,
    FILE,
    HOST,
    HOST_ADDRESS,
    HOST_NAME,
    MACHINE,
    REMOTE_OUTPUT,
    USER_NAME,
    WORKING_FOLDER,
)
from scanner.behaviour.vocabulary import Effect
from scanner.layers import unfold
from scanner.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanner.behaviour.values import Value

__all__ = ["RULES"]

_IDENTITY: Final = (HOST_NAME, USER_NAME, HOST_ADDRESS, MACHINE, WORKING_FOLDER)
_TELLING: Final = 3
_HOME: Final = re.compile(
    r"~[\\/]?|%(?:USERPROFILE|HOME|APPDATA|LOCALAPPDATA)%.{0,60}|/|/home(?:/\ufffc)?/?|/Users/?|[A-Z]:(?:\\|/){0,2}|/sdcard.{0,60}|/storage/emulated.{0,60}"
)
#: Folders that belong to the user or to another program.
_BELOW: Final = re.compile(
    r"~[\\/]|%(?:USERPROFILE|HOME|APPDATA|LOCALAPPDATA)%|/(?:home|Users|root|data|mnt|sdcard|storage)\b|[A-Z]:[\\/]"
)
_PLAIN: Final = re.compile(
    r"\bhttp://(?!localhost|127\.|0\.0\.0\.0|\[?::1|10\.|192\.168\.|169\.254\.)[\w-]{1,63}\.[\w.-]{2,100}",
    re.IGNORECASE,
)
#: How a message calls everybody who is in a channel of a chat.
_CALLED_OUT: Final = re.compile(r"(?<![\w.])@everyone\b")
_LABELLED: Final = re.compile(
    r"\b(?:pass(?:word|wd|phrase)?|pwd|senha|contrase\w{1,3}a)\b[^\n]{0,12}[:=]\W{0,8}\ufffc", re.IGNORECASE
)
_LABELLED_TOO: Final = re.compile(
    r"\b(?:tokens?|user(?:name)?|login|e-?mail|cookies?|account)\b[^\n]{0,12}[:=]\W{0,8}\ufffc", re.IGNORECASE
)
#: How addresses of wallets are told from other words: by whoever looks for them in what the user copies.
_WALLET_PATTERN: Final = re.compile(
    r"\[13\]\)?\[a-km-zA-HJ|bc1[|\[(]|\^?0x\[a-fA-F0-9\]\{40\}|\^?0x\[0-9a-fA-F\]\{40\}|T\[A-Za-z1-9\]\{33\}|\[LM3\]\[a-km-zA-HJ|4\[0-9AB\]"
    r"|\[a-zA-HJ-NP-Z0-9\]\{25,3\d\}|bitcoincash:|\^r\[0-9a-zA-Z\]\{24,34\}"
)
_READ_CLIPBOARD: Final = re.compile(
    r"\bpaste\(|GetClipboardData|clipboard_get|Get-Clipboard|waitForNewPaste|waitForPaste|clipboard_content"
)
_ENCODED_COMMAND: Final = re.compile(
    rb"\s{0,8}(?:powershell|cmd(?:\.exe)?\s{1,4}/c|curl(?:\.exe)?\s|wget\s|/bin/(?:ba)?sh\s|bash\s{1,4}-[ci]|nc\s{1,4}-|mshta\s|certutil\s"
    rb"|bitsadmin\s|nslookup\s|rm\s{1,4}-rf\s|start\s{1,4}/b)",
    re.IGNORECASE,
)
_LITERALS: Final = 128
#: An address or a command is not longer.
_LONGEST: Final = 2_000


def _obeyed(facts: Facts) -> Iterator[Hit]:
    """The output of a command that came over the network goes back to where it came from."""
    for event in facts.events(Effect.NETWORK):
        if has(event.value, REMOTE_OUTPUT):
            yield Hit("remote-control", event)
            return


def _bots(facts: Facts) -> Iterator[Hit]:
    """A bot whose key stands in the code answers to the author, wherever the code runs."""
    for event in facts.events(Effect.CLIENT, Effect.NETWORK):
        if patterns.BOT_TOKEN.search(event.text):
            yield Hit("embedded-bot", event)
            return


def _identified(facts: Facts) -> Iterator[Hit]:
    """So many answers to the question whose machine this is that together they are an identity card."""
    for event in facts.events(Effect.NETWORK, Effect.DOWNLOAD, Effect.RESOLVE, Effect.PROCESS):
        if event.what == Effect.PROCESS and not patterns.SENDING_TOOL.match(event.text):
            continue
        taint = event.value.taint
        if taint & HOST and sum(bool(taint & kind) for kind in _IDENTITY) >= _TELLING:
            yield Hit("machine-fingerprint-sent", event)


def _combed(facts: Facts) -> Iterator[Hit]:
    """Files that were looked for all over the user's disk are sent."""
    whole, part = [], []
    for event in facts.events(Effect.WALK):
        place = event.arguments[0].text if event.arguments else None
        if place is not None and _HOME.fullmatch(place):
            whole.append(event)
        elif place is not None and any(_BELOW.match(line) for line in event.text.split("\n")[:16]):
            part.append(event)
    if not whole and not part:
        return
    walked = (whole or part)[0]
    for event in facts.events(Effect.NETWORK):
        if has(event.value, FILE):
            severity = Severity.CRITICAL if whole else Severity.MEDIUM
            yield Hit("home-files-sent", event, severity, steps=((walked.callee, walked.line),))
            return


def _encrypted(facts: Facts) -> Iterator[Hit]:
    """Files all over the user's disk are replaced by what nobody can read."""
    walked = [e for e in facts.events(Effect.WALK) if e.arguments and _HOME.fullmatch(e.arguments[0].text or "")]
    for event in facts.events(Effect.WRITE) if walked else ():
        if has(event.value, ENCRYPTED):
            yield Hit("home-files-encrypted", event, steps=((walked[0].callee, walked[0].line),))
            return


def _removed(facts: Facts) -> Iterator[Hit]:
    """All that the user has is deleted."""
    for event in facts.events("removal"):
        place = event.arguments[0].text if event.arguments else None
        if place is not None and _HOME.fullmatch(place):
            yield Hit("home-files-deleted", event)
    walked = {
        e.function for e in facts.events(Effect.WALK) if e.arguments and _HOME.fullmatch(e.arguments[0].text or "")
    }
    for event in facts.events("removal"):
        if event.function in walked and not event.text.strip("\ufffc/ "):
            yield Hit("home-files-deleted", event)
            return


def _patched(facts: Facts) -> Iterator[Hit]:
    """A function of another package is replaced by one that sends to a fixed address."""
    for event in facts.events("patch"):
        replacement = event.arguments[0].target if event.arguments else None
        if not isinstance(replacement, FunctionInfo):
            continue
        for inner in facts.events(Effect.NETWORK):
            if inner.function in facts.reached([replacement]) and patterns.FIXED_ADDRESS.search(inner.text):
                yield Hit("patched-function-sends", event, steps=((inner.callee, inner.line),))


def _in_the_clear(facts: Facts) -> Iterator[Hit]:
    """A file of the machine goes over a plain connection to a fixed address, and nobody reads the answer."""
    for event in facts.events(Effect.NETWORK):
        if event.discarded and has(event.value, FILE) and _PLAIN.search(event.text):
            yield Hit("file-sent-in-the-clear", event)


def _addressed(facts: Facts) -> Iterator[Hit]:
    """Something of the machine goes to an address that was hidden."""
    for event in facts.events(Effect.NETWORK):
        hidden = [v for v in (*event.arguments[:1], *event.arguments[1:2]) if has(v, DECODED) and not has(v, FILE)]
        if hidden and has(event.value, FILE | HOST | CREDENTIAL | ENVIRONMENT_ALL):
            yield Hit("sent-to-hidden-address", event)


def _reported(facts: Facts) -> Iterator[Hit]:
    """A message that reads like the notes of a thief: password here, user name there."""
    for event in facts.events(Effect.NETWORK):
        text = "\n".join(_texts(event.arguments))
        if _LABELLED.search(text) and _LABELLED_TOO.search(text):
            yield Hit("credentials-in-message", event)
        elif _CALLED_OUT.search(text) and not patterns.WEBHOOK.search(event.text):
            yield Hit("webhook-exfiltration", event, Severity.HIGH)


def _texts(values: tuple[Value, ...]) -> Iterator[str]:
    """The texts in what is sent, those in its mappings and sequences included."""
    waiting, left = list(values), 200
    while waiting and left:
        left -= 1
        value = waiting.pop()
        if value.text is not None:
            yield value.text[:4000]
        elif isinstance(value.elements, dict):
            waiting.extend(value.elements.values())
        elif isinstance(value.elements, list | tuple):
            waiting.extend(value.elements[:64])


def _recorded(facts: Facts) -> Iterator[Hit]:
    """What is typed goes into a file, or away."""
    for event in facts.events(Effect.INPUT_HOOK):
        called = {info for value in event.arguments if (info := _function(value)) is not None}
        if not called:
            continue
        for inner in facts.events(Effect.WRITE, Effect.NETWORK):
            if inner.function in facts.reached(called):
                yield Hit("keystrokes-recorded", event, steps=((inner.callee, inner.line),))
                return


def _function(value: Value) -> FunctionInfo | None:
    target = value.target
    if isinstance(target, Partial):
        target = target.function.target
    return target if isinstance(target, FunctionInfo) else None


def _swapped(facts: Facts) -> Iterator[Hit]:
    """What the user copies is looked at for addresses of wallets, and replaced."""
    written: list[Event] = [*facts.events(Effect.CLIPBOARD)]
    written += [e for e in facts.events(Effect.PROCESS) if patterns.CLIPBOARD_COMMAND.search(e.text)]
    if written and _READ_CLIPBOARD.search(facts.text) and _WALLET_PATTERN.search(facts.text):
        yield Hit("clipboard-swap", written[0])


def _encoded(facts: Facts) -> Iterator[Hit]:
    """A literal that says where stolen things go, or what to run, when it is decoded: why else would it be encoded."""
    for literal, line in facts.report.literals[:_LITERALS]:
        data = literal.encode("utf-8", "surrogatepass") if isinstance(literal, str) else literal
        if len(data) > _LONGEST:
            continue
        for layer in unfold(data):
            text = layer.data[:2000].decode("utf-8", "replace")
            rule = (
                "hidden-receiver" if patterns.WEBHOOK_WITH_SECRET.search(text) or patterns.RECEIVER.search(text) else ""
            )
            if not rule and _ENCODED_COMMAND.match(layer.data):
                rule = "hidden-command"
            if rule:
                yield Hit(rule, Event("encoded-literal", "encoded literal", line, 1))


RULES: Final[tuple[Callable[[Facts], Iterator[Hit]], ...]] = (
    _obeyed,
    _bots,
    _identified,
    _combed,
    _encrypted,
    _removed,
    _patched,
    _in_the_clear,
    _addressed,
    _reported,
    _recorded,
    _swapped,
    _encoded,
)
