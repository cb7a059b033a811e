"""Celery's consumer without the part that prepares delayed delivery."""

from __future__ import annotations

from typing import ClassVar

from celery.worker.consumer import Consumer

__all__ = ["DoorbellConsumer"]

_UNWANTED = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


class DoorbellConsumer(Consumer):
    """For quorum queues Celery declares 28 more of them, for messages with a delay. A doorbell has no delay."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc, valid-type] # a class, which the stubs take for a variable
        """The steps that are left."""

        default_steps: ClassVar = [step for step in Consumer.Blueprint.default_steps if step != _UNWANTED]
