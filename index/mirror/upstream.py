"""The one upstream index of this instance, and what may be shown of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from index.clock import utcnow
from index.mirror.names import is_ours
from index.mirror.offers import Terms, offered
from index.mirror.pages import Pages
from index.mirror.source import Source, SourceClient, SourceLimits

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from index.mirror.offers import Offer
    from index.mirror.simple import ProjectPage
    from index.services import Services
    from index.settings import Settings

__all__ = ["Upstream", "source_limits"]


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a web process needs of the upstream."""

    services: Services
    client: SourceClient
    pages: Pages
    terms: Terms

    @classmethod
    def open(cls, services: Services) -> Self | None:
        """The upstream that the settings name, not asked yet; None where they name none.

        Raises:
            ValueError: what they name is no Simple API, or this index itself.
        """
        settings = services.settings
        if not settings.upstream_url:
            return None
        source = Source.parse(settings.upstream_url, settings.upstream_file_hosts)
        if source.root.startswith(f"{settings.resolved_public_url}/"):
            raise ValueError(f"PRATIQUE_UPSTREAM_URL is {source.root}, which is this index: expected another one")
        client = SourceClient(source, source_limits(settings, file_bytes=settings.upstream_file_max_bytes))
        terms = Terms(source, timedelta(days=settings.upstream_cooldown_days), settings.upstream_file_max_bytes)
        return cls(services, client, Pages(client, keep_seconds=settings.upstream_page_seconds), terms)

    def has(self, session: Session, name: str) -> bool:
        """Whether the normalized `name` may be asked for upstream."""
        return not is_ours(session, name, never=self.services.settings.upstream_never)

    def offers(self, name: str, page: ProjectPage | None) -> list[Offer]:
        """What of the project's page may be shown now, as far as upstream decides that."""
        return list(offered(name, page, self.terms, now=utcnow())) if page is not None else []


def source_limits(settings: Settings, *, file_bytes: int) -> SourceLimits:
    """How much is taken from another index, and how long it is waited for."""
    return SourceLimits(
        silence_seconds=settings.upstream_timeout_seconds,
        page_bytes=settings.upstream_page_max_bytes,
        page_seconds=6 * settings.upstream_timeout_seconds,
        file_bytes=file_bytes,
        file_seconds=settings.upstream_download_seconds,
    )
