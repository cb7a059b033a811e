"""Migrations: the database has the schema of this version when `migrate` returns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from index.store.tables import Base

if TYPE_CHECKING:
    from index.store.database import Database

__all__ = ["differences", "make_revision", "migrate"]

_MIGRATION_LOCK = 0x4D494752  # "MIGR"
_FOLDER = Path(__file__).resolve().parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def migrate(database: Database) -> None:
    """Every migration has run, once. Two processes at once do no harm: the second waits and finds nothing to do."""
    with database.write() as session:
        if not database.is_sqlite:  # which has one writer anyway
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config = _config()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")


def differences(database: Database) -> list[object]:
    """What the migrations left different from the tables: empty, or somebody forgot a migration."""
    with database.write() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def make_revision(database: Database, message: str, revision: str) -> None:
    """A new file lies in `migrations/versions`, from the difference between the tables and the migrated database."""
    with database.write() as session:
        config = _config()
        config.attributes["connection"] = session.connection()
        command.revision(config, message=message, autogenerate=True, rev_id=revision)
