"""The tables, by subject."""

from index.store.tables.accounts import Membership, MembershipRole, NamespaceGrant, Role, Scope, Token, User
from index.store.tables.base import Base
from index.store.tables.catalog import (
    Artifact,
    File,
    FilenameClaim,
    Project,
    ProjectStatus,
    Release,
    Submission,
    SubmissionState,
)
from index.store.tables.jobs import Job, JobKind, JobState, StoredInspection
from index.store.tables.judgements import (
    Case,
    CaseOrigin,
    Decision,
    DecisionKind,
    StoredVerdict,
    VerdictArtifact,
)
from index.store.tables.origins import FileOrigin, MirroredProject, OriginKind
from index.store.tables.publication import Change, ChangeKind, Dependency, Downloads, Listing, RenderedDescription
from index.store.tables.record import DetailPage, LogEntry, Message, Switch
from index.store.tables.sessions import FileSession, FileStatus, PublishingSession

__all__ = [
    "Artifact",
    "Base",
    "Case",
    "CaseOrigin",
    "Change",
    "ChangeKind",
    "Decision",
    "DecisionKind",
    "Dependency",
    "DetailPage",
    "Downloads",
    "File",
    "FileOrigin",
    "FileSession",
    "FileStatus",
    "FilenameClaim",
    "Job",
    "JobKind",
    "JobState",
    "Listing",
    "LogEntry",
    "Membership",
    "MembershipRole",
    "Message",
    "MirroredProject",
    "NamespaceGrant",
    "OriginKind",
    "Project",
    "ProjectStatus",
    "PublishingSession",
    "Release",
    "RenderedDescription",
    "Role",
    "Scope",
    "StoredInspection",
    "StoredVerdict",
    "Submission",
    "SubmissionState",
    "Switch",
    "Token",
    "User",
    "VerdictArtifact",
]
