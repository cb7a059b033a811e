"""`pratique config` documents every setting and gives no password away."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from index.settings import Settings
from pratique.cli import main


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PRATIQUE_{name.upper()}", raising=False)


def test_every_setting_is_printed_with_its_meaning() -> None:
    printed = CliRunner().invoke(main, ["config"]).output

    for name, field in Settings.model_fields.items():
        assert field.description, f"{name} is not documented"
        assert f"# {field.description}\nPRATIQUE_{name.upper()}=" in printed


@pytest.mark.parametrize(
    ("name", "url", "shown"),
    [
        ("MAIL_URL", "smtp://me:secret@mail.test:25", "smtp://me:***@mail.test:25"),
        ("DATABASE_URL", "postgresql+psycopg://p:s%40t@db/x", "postgresql+psycopg://p:***@db/x"),
        ("BROKER_URL", "amqp://guest:guest@127.0.0.1//", "amqp://guest:***@127.0.0.1//"),
        ("BROKER_URL", "filesystem://", "filesystem://"),
    ],
)
def test_passwords_in_urls_are_masked(name: str, url: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PRATIQUE_{name}", url)

    printed = CliRunner().invoke(main, ["config"]).output

    assert f"PRATIQUE_{name}={shown}\n" in printed


def test_a_bad_setting_ends_with_64_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRATIQUE_PORT", "many")
    monkeypatch.setenv("PRATIQUE_SETTLE_SECONDS", "-1")

    result = CliRunner().invoke(main, ["config"])

    assert result.exit_code == 64
    assert "PRATIQUE_PORT is 'many'" in result.output
    assert "PRATIQUE_SETTLE_SECONDS is '-1'" in result.output


def test_every_command_can_be_imported_and_helps() -> None:
    commands = main.list_commands(None)  # type: ignore[arg-type] # it needs no context
    assert "serve" in commands
    for command in commands:
        result = CliRunner().invoke(main, [command, "--help"])
        assert result.exit_code == 0, f"{command}: {result.output}"
