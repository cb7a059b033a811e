"""The doorbell: Celery messages that say that there is work, and no more than that.

The job rows are the truth, so a message is acknowledged before the work: what a dead worker leaves behind is found by
its lease, and no broker can run a job twice, give up on a long one, or hand a poisonous one round for ever.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from celery import Celery, signals
from kombu import Exchange, Queue

from index.services import Services

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.hold.worker import Worker
    from index.settings import Settings

__all__ = ["QUEUE", "TASK", "doorbell", "make_celery", "make_worker_app"]

QUEUE: Final = "pratique"
TASK: Final = "pratique.work"

_SILENT_SECONDS: Final = 5.0

_FOLDER_TRANSPORT: Final = "index.hold.folder:FolderTransport"

_COMMON: Final[dict[str, Any]] = {
    "task_acks_late": False,
    "task_ignore_result": True,
    "result_backend": None,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_publish_retry": False,  # a web request never waits for a broker: the keeper announces the work again
    "task_default_queue": QUEUE,
    "worker_consumer": "index.hold.consumer:DoorbellConsumer",
    "worker_prefetch_multiplier": 1,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": 2.0,
}

_log = structlog.get_logger()


def make_celery(settings: Settings) -> Celery:
    """A Celery application on the settings' broker, which can send; see `make_worker_app` for one that works.

    Raises:
        ValueError: the URL is of no broker that we know.
    """
    app = Celery("pratique", set_as_current=False)
    app.conf.update(_COMMON)
    app.conf.update(_broker_settings(settings))
    return app


def _broker_settings(settings: Settings) -> dict[str, Any]:
    url = settings.resolved_broker_url
    scheme = url.partition("://")[0]
    queue = Queue(QUEUE, Exchange(QUEUE), routing_key=QUEUE)
    if scheme == "filesystem":
        return {
            "broker_url": "filesystem://localhost",  # kombu warns where no host is named
            "broker_transport": _FOLDER_TRANSPORT,
            "broker_transport_options": _folder_options(settings),
            "task_queues": [queue],
        }
    if scheme in {"redis", "rediss"}:
        options = {
            "max_retries": 0,
            "visibility_timeout": 1800,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_timeout": 15,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 10,
        }
        return {"broker_url": url, "broker_transport_options": options, "task_queues": [queue]}
    if scheme in {"amqp", "amqps"}:
        arguments = {"x-queue-type": "quorum", "x-max-length": 1000}
        queue = Queue(QUEUE, Exchange(QUEUE), routing_key=QUEUE, queue_arguments=arguments)
        return {
            "broker_url": url,
            "broker_transport_options": {"confirm_publish": True, "max_retries": 0},
            "broker_heartbeat": 30,
            "task_queues": [queue],
        }
    raise ValueError(f"PRATIQUE_BROKER_URL begins with {scheme!r}; expected filesystem, amqp, amqps, redis or rediss")


def _folder_options(settings: Settings) -> dict[str, Any]:
    folder = settings.data_folder / "queue"
    folder.mkdir(parents=True, exist_ok=True)
    place = str(folder)
    return {"data_folder_in": place, "data_folder_out": place, "control_folder": place, "polling_interval": 0.2}


def doorbell(celery: Celery, *, clock: Callable[[], float] = time.monotonic) -> Callable[[], None]:
    """What says "there is work" to one thread of a worker. It never raises: a lost message is found by the keeper.

    A broker that did not answer is not asked again for a few seconds: uploads do not wait for it one after another.
    """
    silent_until = 0.0

    def ring() -> None:
        nonlocal silent_until
        if clock() < silent_until:
            return
        try:
            celery.send_task(TASK, ignore_result=True, retry=False)
        except Exception as error:  # noqa: BLE001 # whatever the broker does, the upload is safe in the database
            silent_until = clock() + _SILENT_SECONDS
            _log.warning("doorbell.failed", error=f"{type(error).__name__}: {error}")

    return ring


def _open_worker(services: Services) -> Worker:
    from index.hold.worker import Worker  # noqa: PLC0415 # the web process rings, and must not load YARA for that

    return Worker.open(services)


def make_worker_app(settings: Settings, *, open_worker: Callable[[Services], Worker] = _open_worker) -> Celery:
    """The Celery application of the worker process, to be run with `--pool threads`.

    The worker (database, blobs, sandbox) is opened when the process starts, in the process that works; one that
    cannot be opened ends it. All threads share it.
    """
    app = make_celery(settings)
    lock = threading.Lock()
    opened: list[Worker] = []

    def worker() -> Worker:
        with lock:
            if not opened:
                services = Services.open(settings)
                services.ring = doorbell(app)
                opened.append(open_worker(services))
            return opened[0]

    def start(sender: Any, **_: Any) -> None:
        if sender.app is app:
            try:
                worker()
            except Exception as error:
                _log.exception("worker.cannot_start")
                raise SystemExit(1) from error  # celery would go on without it

    def stop(sender: Any, **_: Any) -> None:
        if sender.app is app and opened:
            opened.pop().close()

    def work() -> None:
        worker().work()

    app.task(name=TASK, ignore_result=True)(work)
    signals.worker_init.connect(start, weak=False)
    signals.worker_shutdown.connect(stop, weak=False)
    return app
