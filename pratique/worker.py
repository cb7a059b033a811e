"""The worker process: `celery -A pratique.worker worker`. It owns the fork server in which artifacts are inspected."""

from __future__ import annotations

import warnings

from celery.exceptions import SecurityWarning

from index.hold.queue import make_worker_app
from index.logs import configure_logging
from pratique.opening import read_settings

__all__ = ["app"]

# On one machine the worker may run as root: what parses artifacts is a child without privileges.
warnings.filterwarnings("ignore", category=SecurityWarning)

_settings = read_settings()
configure_logging(_settings, "worker")
app = make_worker_app(_settings)
