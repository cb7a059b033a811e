"""People, what they may do, and the tokens that act for them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from flask_security import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, Integer, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from index.store.tables.base import Base

__all__ = ["Membership", "MembershipRole", "NamespaceGrant", "Role", "Scope", "Token", "User", "role_user"]


class MembershipRole(StrEnum):
    """What a person is to a project."""

    OWNER = "owner"
    MAINTAINER = "maintainer"


class Scope(StrEnum):
    """What a token is good for."""

    UPLOAD = "upload"
    """Whatever its owner may do with projects; it reads, too."""
    READ = "read"
    """Reading what is published, where reading needs a token, and nothing else."""


role_user = Table(
    "role_user",
    Base.metadata,
    Column("user_id", Integer, ForeignKey("user_account.id"), primary_key=True),
    Column("role_id", Integer, ForeignKey("role.id"), primary_key=True),
)


class Role(Base, RoleMixin):  # type: ignore[misc] # Flask-Security ships no types
    """`analyst` or `administrator`. A maintainer is whoever has a membership."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    description: Mapped[str] = mapped_column(String(255), default="")


class User(Base, UserMixin):  # type: ignore[misc] # Flask-Security ships no types
    """A person with an account."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    tf_last_counter: Mapped[int | None]
    """The time step of the last code that was used: no code works twice."""
    create_datetime: Mapped[datetime]
    update_datetime: Mapped[datetime]
    roles: Mapped[list[Role]] = relationship(secondary=role_user, lazy="selectin")


class Token(Base):
    """An API token: only its SHA-256 is stored."""

    __tablename__ = "token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str | None] = mapped_column(String(200))
    """Normalized name of the only project that it may act for; all of its owner's when null."""
    scope: Mapped[Scope] = mapped_column(String(16), default=Scope.UPLOAD, server_default=str(Scope.UPLOAD))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(lazy="joined")


class Membership(Base):
    """A person's part in a project."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("user_id", "project_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    role: Mapped[MembershipRole] = mapped_column(String(16))
    user: Mapped[User] = relationship(lazy="joined")


class NamespaceGrant(Base):
    """Whoever has it may make new projects in the namespace (PEP 752). A namespace is reserved while anybody has it."""

    __tablename__ = "namespace_grant"

    namespace: Mapped[str] = mapped_column(String(200), primary_key=True)
    """Normalized: the project of that very name, and all whose names begin with it and a hyphen."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    reserved_at: Mapped[datetime]
    """Since when the namespace is reserved without a break, for whomever: older projects go on."""
    user: Mapped[User] = relationship(lazy="joined")
