"""An instance that has published already keeps its list of projects when it is upgraded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from sqlalchemy import text

from index.publish.visible import listed_projects
from index.store.database import Database
from index.store.migrate import _config, differences, migrate

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_listed_before_the_lists_had_a_table_is_listed_after(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    with database.write() as session:
        config = _config()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "0001")
        now = "2026-11-24 12:00:00.000000"
        for name in ("shown", "held"):
            session.execute(
                text("INSERT INTO project (name, display_name, created_at) VALUES (:name, upper(:name), :now)"),
                {"name": name, "now": now},
            )
        session.execute(
            text("INSERT INTO detail_page (project, serial, html, json, updated_at) VALUES ('shown', 1, '', '', :now)"),
            {"now": now},
        )
    migrate(database)

    with database.read() as session:
        assert listed_projects(session) == [("shown", "SHOWN")]
        assert session.execute(text("SELECT DISTINCT status FROM project")).scalars().all() == ["active"]
    assert differences(database) == []
    database.dispose()
