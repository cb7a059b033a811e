"""A real RabbitMQ on a free port, with a node name, a cookie and a port mapper of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.servers.process import Server, find_program, free_port, own_folder, port_answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["rabbitmq_server", "running_rabbitmq"]

#: Not the wrapper in /usr/sbin, which insists on its own user and folders.
_PLACE = "/usr/lib/rabbitmq/bin"


@contextmanager
def rabbitmq_server() -> Iterator[Server]:
    """A server that can be killed and started again; its quorum queues survive that."""
    find_program("rabbitmq-server", _PLACE)
    program = shutil.which("rabbitmq-server", path=_PLACE) or find_program("rabbitmq-server")
    user = "nobody" if os.geteuid() == 0 else None
    port, mapper = free_port(), free_port()
    with own_folder("rmq-", user) as folder:
        environment = {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"pratique{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
        }
        (folder / "rabbitmq.conf").write_text("loopback_users = none\n")
        server = Server(
            [program],
            f"amqp://guest:guest@127.0.0.1:{port}//",
            folder,
            lambda: port_answers(port),
            user,
            environment,
            seconds=60,
        )
        server.start()
        try:
            yield server
        finally:
            server.kill()
            epmd = shutil.which("epmd")
            if epmd is not None:  # it outlives the node that started it
                subprocess.run([epmd, "-port", str(mapper), "-kill"], check=False, capture_output=True)


@contextmanager
def running_rabbitmq(_folder: Path | None = None) -> Iterator[str]:
    """The URL of an empty virtual host."""
    with rabbitmq_server() as server:
        yield server.url
