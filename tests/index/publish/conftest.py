"""The reading side alone, on its own services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import Flask

from index.publish.reads import Reads
from index.publish.views import blueprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from index.services import Services


@pytest.fixture
def client(services: Services) -> Iterator[FlaskClient]:
    app = Flask("publish")
    app.extensions["pratique"] = services
    app.register_blueprint(blueprint)
    reads = Reads(app.wsgi_app, services)
    app.wsgi_app = reads  # type: ignore[method-assign] # Flask's own way
    yield app.test_client()
    reads.close()
