from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.services import Services
from index.settings import Settings
from index.store.migrate import migrate
from pratique.wsgi import create_app
from tests.webui.browser import Visitor

if TYPE_CHECKING:
    from pathlib import Path

    from tests.webui.scenes import Scene

PAGES = ["/", "/sign-in", "/accessibility", "/review/", "/submissions/X", "/nothing-here", "/review/{id}", "/admin/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_allows_nothing_that_it_does_not_need(analyst: Visitor, scene: Scene, path: str) -> None:
    headers = analyst.get(path.format(id=scene.update), headers={"Accept": "text/html"}).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_inline_code_and_nothing_from_elsewhere(analyst: Visitor, scene: Scene, path: str) -> None:
    analyst.get(path.format(id=scene.update), headers={"Accept": "text/html"})
    page = analyst.page
    assert not page.select("style, [style], script:not([src]), iframe, object, embed, base, meta[http-equiv]")
    assert not [name for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")]
    for tag in page.select("[src], link[href]"):
        assert str(tag.get("src") or tag.get("href")).startswith("/assets/")
    for link in page.select("a[href]"):
        assert str(link["href"]).startswith(("/", "#"))


@pytest.mark.parametrize("path", ["/simple/", "/simple/small-colours/"])
def test_what_installers_read_keeps_its_own_caching(anyone: Visitor, path: str) -> None:
    answer = anyone.get(path)
    assert answer.headers["Cache-Control"] == "max-age=0, must-revalidate"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Cross-Origin-Resource-Policy" not in answer.headers


def test_assets_are_kept_under_a_name_that_changes_with_them(anyone: Visitor) -> None:
    anyone.get("/")
    sheet = anyone.page.select_one("link[rel=stylesheet]")
    assert sheet is not None
    named = anyone.get(str(sheet["href"]))
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert named.mimetype == "text/css"
    for path in ("/assets/pratique.css", "/assets/pratique.css?v=000000000000"):
        assert anyone.get(path).headers["Cache-Control"] == "no-cache"


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    services = Services.open(Settings(data=tmp_path / "var", public_url="https://index.example.org"))
    migrate(services.database)
    visitor = Visitor(create_app(services))
    cookie = visitor.get("/sign-in").headers["Set-Cookie"]
    assert cookie.startswith("__Host-pratique=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    services.database.dispose()
