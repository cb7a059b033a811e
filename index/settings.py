"""Every setting, documented once. `pratique config` prints them; the environment sets them (`PRATIQUE_PORT=8080`)."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """The settings of one instance. Four URLs choose between one machine and many; the rest has defaults."""

    model_config = SettingsConfigDict(env_prefix="PRATIQUE_", frozen=True, extra="ignore")

    data: Path = Field(Path("var"), description="Folder of everything that the embedded default keeps.")
    host: str = Field("127.0.0.1", description="Address that the web process listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the web process listens on.")
    public_url: str = Field("", description="Root of every absolute link; http://HOST:PORT when empty.")
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="Networks whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas."
    )

    database_url: str = Field("", description="SQLAlchemy URL; SQLite in the data folder when empty.")
    broker_url: str = Field("", description="Celery broker (filesystem://, amqp://, redis://); folder when empty.")
    blobs_url: str = Field(
        "", description="Where artifacts are kept (file:///…, s3://BUCKET/…); the data folder when empty."
    )
    mail_url: str = Field(
        "", description="smtp://[USER:PASSWORD@]HOST:PORT, smtps://… or maildir:///…; a Maildir in the data folder."
    )
    mail_from: str = Field("Pratique <pratique@localhost>", description="Sender of verdict mails.")

    reading: Literal["open", "token"] = Field(
        "open", description="Who reads what is published: everybody, or whoever has an API token or is signed in."
    )
    namespaces: bool = Field(
        default=False, description="Prefixes of names can be reserved (PEP 752), and the Simple API is 1.5."
    )
    settle_seconds: float = Field(10.0, ge=0, description="A submission closes when no file has come for so long.")
    session_days: float = Field(
        7.0, gt=0, le=365, description="A publishing session (PEP 694) that nobody publishes ends after so many days."
    )
    hold_everything: bool = Field(
        default=False, description="Stops all automatic publication; clear releases wait for a person."
    )
    allow_single_reviewer: bool = Field(
        default=False, description="Waives the second person for heavy decisions. Logged."
    )

    upload_max_bytes: int = Field(100 * 1024 * 1024, gt=0, description="Largest file that is accepted, in bytes.")
    project_max_bytes: int = Field(10 * 1024**3, gt=0, description="Largest sum of a project's files, in bytes.")
    release_open_days: float = Field(
        14.0, ge=0, description="So many days after its publication a release takes new files."
    )
    trusted_root: Path | None = Field(None, description="Sigstore trusted root for attestations; else the public one.")

    upstream_url: str = Field(
        "", description="Simple API (https://…/simple/) that names which are not ours are read from; none when empty."
    )
    upstream_file_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Hosts beside the upstream's own that its files may lie on, separated by commas."
    )
    upstream_never: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Names that are never asked for upstream, separated by commas; acme-* is all that begin so."
    )
    upstream_cooldown_days: float = Field(
        7.0, ge=0, le=3650, description="Files that were uploaded upstream more recently are not shown; 0 shows all."
    )
    upstream_wait_seconds: float = Field(
        10.0, ge=0, le=60, description="So long a first download waits for its verdict; then it answers 503."
    )
    upstream_timeout_seconds: float = Field(
        10.0, gt=0, le=300, description="An upstream that is silent that long does not answer."
    )
    upstream_download_seconds: float = Field(300.0, gt=0, description="A download from upstream takes no longer.")
    upstream_page_seconds: float = Field(
        300.0, ge=0, description="A page of the upstream is asked for again after so long."
    )
    upstream_page_max_bytes: int = Field(32 * 1024**2, gt=0, description="Largest page taken from upstream, in bytes.")
    upstream_file_max_bytes: int = Field(100 * 1024**2, gt=0, description="Largest file taken from upstream, in bytes.")

    security_contact: str = Field(
        "", description="Where to report a vulnerability (mailto:… or https://…); published as security.txt (RFC 9116)."
    )

    rules: Path | None = Field(None, description="Folder of the rules; those that come with this version when unset.")
    worker_threads: int = Field(2, ge=1, le=64, description="Inspections that one worker runs at once.")
    web_workers: int = Field(1, ge=1, le=64, description="Web processes.")
    web_threads: int = Field(8, ge=1, le=256, description="Threads of each web process.")
    inspection_seconds: float = Field(120.0, gt=0, description="Wall-clock limit of one inspection.")
    inspection_bytes: int = Field(1024**3, gt=0, description="Memory limit of one inspection, in bytes.")
    inspection_cache_bytes: int = Field(
        512 * 1024**2, ge=0, description="Size of each worker's folder of inspections made before; 0 for none."
    )
    blob_copies_bytes: int = Field(
        10 * 1024**3, gt=0, description="Size of the folder of copies on this machine, where blobs lie in a bucket."
    )
    lease_seconds: float = Field(30.0, gt=0, description="A job whose worker is silent that long goes to another.")
    resend_seconds: float = Field(60.0, gt=0, description="A queued job that was not heard of is announced again.")
    keeper_tick_seconds: float = Field(0.5, gt=0, le=5, description="How often the keeper looks.")

    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto`: console on a terminal, else JSON."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level printed.")

    @field_validator("trusted_proxies", "upstream_file_hosts", "upstream_never", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("security_contact")
    @classmethod
    def _is_contact(cls, value: str) -> str:
        """RFC 9116, section 2.5.3: a URI; a web address must be https."""
        if value and not re.fullmatch(r"(?:mailto:|https://|tel:)[!-~]+", value):
            raise ValueError(f"{value!r} is no contact: expected mailto:ADDRESS, https://… or tel:NUMBER")
        return value

    @field_validator("upstream_url")
    @classmethod
    def _is_root(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/\s?#]+(?:/[^\s?#]*)?", value):
            raise ValueError(f"{value!r} is no Simple API: expected https://HOST/…/simple/")
        return value

    @property
    def data_folder(self) -> Path:
        """The data folder, absolute."""
        return self.data.expanduser().resolve()

    @property
    def resolved_public_url(self) -> str:
        """The root of every absolute link, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def resolved_database_url(self) -> str:
        """The database that is meant."""
        return self.database_url or f"sqlite:///{self.data_folder / 'pratique.sqlite'}"

    @property
    def resolved_blobs_url(self) -> str:
        """The blob store that is meant."""
        return self.blobs_url or f"file://{self.data_folder / 'blobs'}"

    @property
    def resolved_mail_url(self) -> str:
        """The way of mail that is meant."""
        return self.mail_url or f"maildir://{self.data_folder / 'mail'}"

    @property
    def resolved_broker_url(self) -> str:
        """The broker that is meant. `filesystem://` keeps its messages in `data_folder / "queue"`."""
        return self.broker_url or "filesystem://"

    @property
    def inspections_folder(self) -> Path:
        """Where workers of this machine keep inspections that they made before."""
        return self.data_folder / "inspections"

    @property
    def copies_folder(self) -> Path:
        """Where verified copies of blobs lie that are kept in a bucket."""
        return self.data_folder / "copies"

    @property
    def incoming_folder(self) -> Path:
        """Where uploads are streamed to before they are accepted; on the same disk as the data folder."""
        return self.data_folder / "incoming"
