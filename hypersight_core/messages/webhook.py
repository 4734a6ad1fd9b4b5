"""Messages by HTTP, signed as standardwebhooks.com says: its libraries verify them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import msgspec

from hypersight_core.domain.event_messages import EventMessage
from hypersight_core.errors import TargetUnavailable
from hypersight_core.messages.target import fingerprint
from hypersight_core.redaction import HIDDEN
from hypersight_core.tls import http1_context

TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that messages are posted to."""

    url: str
    secret: bytes
    """Messages are signed with it; empty: they are not."""

    @property
    def fingerprint(self) -> str:
        """What names the address without telling it."""
        return fingerprint(self.url)

    def tell_camera(self, message_id: str, body: Mapping[str, Any], at: datetime) -> None:
        """Post how a camera fares."""
        self._post(message_id, msgspec.json.encode(body), at)

    def tell_events(self, events: Sequence[EventMessage], skipped: int, at: datetime) -> None:
        """Post what happened, all of it in one message."""
        told = {"skipped": skipped, "events": [one.body() for one in events]}
        body = {"type": "processor.events", "timestamp": at.isoformat(), "data": told}
        ids = "\n".join(one.event_id for one in events)
        self._post(f"evt_{hashlib.sha256(ids.encode()).hexdigest()[:32]}", msgspec.json.encode(body), at)

    def close(self) -> None:
        """Do nothing: there is no connection between two messages."""

    def _post(self, message_id: str, body: bytes, at: datetime) -> None:
        """Send a message once; a redirect is not followed.

        Raises:
            TargetUnavailable: no answer in five seconds, or none of success; without the address.
        """
        headers = {"content-type": "application/json", **self._signed(message_id, body, at)}
        try:
            # What the answer says is not read: it may be endless.
            with (
                httpx.Client(timeout=TIMEOUT_S, verify=http1_context(), trust_env=False) as http,
                http.stream("POST", self.url, content=body, headers=headers) as reply,
            ):
                status, is_success = reply.status_code, reply.is_success
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = str(error).replace(self.url, HIDDEN)
            raise TargetUnavailable(
                f"{type(error).__name__}: {said}" if said else type(error).__name__
            ) from None
        if not is_success:
            raise TargetUnavailable(f"it answered {status}")

    def _signed(self, message_id: str, body: bytes, at: datetime) -> Mapping[str, str]:
        seconds = str(int(at.timestamp()))
        headers = {"webhook-id": message_id, "webhook-timestamp": seconds}
        if not self.secret:
            return headers
        signed = b".".join((message_id.encode(), seconds.encode(), body))
        digest = base64.b64encode(hmac.digest(self.secret, signed, "sha256")).decode()
        return {**headers, "webhook-signature": f"v1,{digest}"}
