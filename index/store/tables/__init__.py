"""The tables, by subject."""

from index.store.tables.accounts import Membership, MembershipRole, Role, Token, User
from index.store.tables.base import Base
from index.store.tables.catalog import (
    Artifact,
    File,
    FilenameClaim,
    Project,
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
from index.store.tables.record import DetailPage, LogEntry, Message, Switch

__all__ = [
    "Artifact",
    "Base",
    "Case",
    "CaseOrigin",
    "Decision",
    "DecisionKind",
    "DetailPage",
    "File",
    "FilenameClaim",
    "Job",
    "JobKind",
    "JobState",
    "LogEntry",
    "Membership",
    "MembershipRole",
    "Message",
    "Project",
    "Release",
    "Role",
    "StoredInspection",
    "StoredVerdict",
    "Submission",
    "SubmissionState",
    "Switch",
    "Token",
    "User",
    "VerdictArtifact",
]
