"""The embedded broker: Celery's `filesystem://`, with messages that appear whole and go to one reader.

Kombu's own transport shows a message while it is being written (a reader that polls in that moment fails), moves it
to the temporary folder of the machine, and keeps its routing in a file with the same race. Here a message is
written under another name and renamed, both ways, and a queue has the name of its exchange.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any, Final
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

__all__ = ["ENOUGH", "FolderTransport"]

#: A message says no more than "there is work": with so many unheard, one more would tell nobody anything new.
ENOUGH: Final = 64


class _Channel(filesystem.Channel):
    """Messages as files `TIME_UUID.QUEUE.msg` of one folder."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override] # noqa: ARG002 # as kombu
        folder = Path(self.data_folder_out)
        if self._size(queue) >= ENOUGH:
            return
        name = f"{time_ns()}_{uuid4()}"
        written = folder / f"{name}.new"
        written.write_text(dumps(payload), encoding="utf-8")
        written.rename(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 # the interface of kombu
        folder = Path(self.data_folder_in)
        for name in sorted(self._messages(queue)):
            taken = folder / f"{name}.taken"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue  # another reader was quicker
            content = taken.read_text(encoding="utf-8")
            taken.unlink(missing_ok=True)
            with suppress(ValueError):  # a torn file (the machine stopped) is a lost message
                return loads(content)
        raise Empty

    def _messages(self, queue: str) -> list[str]:
        end = f".{queue}.msg"
        return [name for name in os.listdir(self.data_folder_in) if name.endswith(end)]  # noqa: PTH208 # hot path

    def _size(self, queue: str) -> int:
        return len(self._messages(queue))

    def get_table(self, exchange: str) -> list[Any]:
        """A queue has the name of its exchange."""
        return [filesystem.exchange_queue_t(exchange, "", exchange)]

    def _queue_bind(self, *_arguments: Any, **_options: Any) -> None:
        """Nothing to write down: see `get_table`."""


class FolderTransport(filesystem.Transport):
    """Kombu's file system transport with the channel above."""

    Channel = _Channel
