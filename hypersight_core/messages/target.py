"""What can be told of cameras and events, whichever way."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from hypersight_core.domain.event_messages import EventMessage


class Target(Protocol):
    """One address that messages go to; the address may itself be a secret. For one thread; close it."""

    @property
    def fingerprint(self) -> str:
        """What names the address without telling it."""
        ...

    def tell_camera(self, message_id: str, body: Mapping[str, Any], at: datetime) -> None:
        """Say once how a camera fares.

        Args:
            message_id: the same for each attempt, so that the receiver can leave out what it has.
            body: what `operations.notices.message` returns.

        Raises:
            TargetUnavailable: it did not arrive, or nobody knows; without anything secret.
        """
        ...

    def tell_events(self, events: Sequence[EventMessage], skipped: int, at: datetime) -> None:
        """Say once what happened, in this order.

        Args:
            skipped: how many events before these are never told.

        Raises:
            TargetUnavailable: some did not arrive, or nobody knows; without anything secret.
        """
        ...

    def close(self) -> None:
        """End the connection, if there is one."""
        ...


def fingerprint(url: str) -> str:
    """Return what names an address without telling it."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]
