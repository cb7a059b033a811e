"""Switches of the whole system that outlive a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from index.audit.log import Event, append
from index.store.tables import Switch
from index.store.tables.base import table_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from index.settings import Settings

__all__ = ["ACTIVE_RULESET", "HOLD_EVERYTHING", "holds_everything", "read_switch", "set_hold_everything", "set_switch"]

_VALUE: Final = select(table_of(Switch).c.value).where(table_of(Switch).c.name == bindparam("name"))

ACTIVE_RULESET: Final = "active_ruleset"
HOLD_EVERYTHING: Final = "hold_everything"


def read_switch(session: Session, name: str) -> str | None:
    """The switch's value, or None where it was never set."""
    session.flush()
    return session.execute(_VALUE, {"name": name}).scalar_one_or_none()


def set_switch(session: Session, name: str, value: str, *, actor: str, now: datetime) -> bool:
    """The switch has the value, and the log says who set it; False where it had the value already."""
    switch = session.get(Switch, name, populate_existing=True)
    old = switch.value if switch else ""
    if switch is None:
        session.add(Switch(name=name, value=value, updated_at=now))
    elif switch.value == value:
        return False
    else:
        switch.value, switch.updated_at = value, now
    append(session, Event(actor=actor, action="switch.set", subject=f"switch:{name}", old=old, new=value), now=now)
    return True


def holds_everything(session: Session, settings: Settings) -> bool:
    """Whether automatic publication is stopped, by the setting or by the switch."""
    return settings.hold_everything or read_switch(session, HOLD_EVERYTHING) == "on"


def set_hold_everything(session: Session, *, on: bool, actor: str, now: datetime) -> bool:
    """Automatic publication is stopped (or goes on, where the setting allows it) from this commit on."""
    return set_switch(session, HOLD_EVERYTHING, "on" if on else "off", actor=actor, now=now)
