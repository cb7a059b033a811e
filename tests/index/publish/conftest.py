"""The reading side alone, on its own services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import Flask

from index.publish.views import blueprint

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from index.services import Services


@pytest.fixture
def client(services: Services) -> FlaskClient:
    app = Flask("publish")
    app.extensions["pratique"] = services
    app.register_blueprint(blueprint)
    return app.test_client()
