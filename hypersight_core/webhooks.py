"""Messages to other people's servers, signed as standardwebhooks.com says: its libraries verify them."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from hypersight_core.errors import InvalidInput, WebhookUnavailable
from hypersight_core.redaction import HIDDEN
from hypersight_core.tls import tls_context

TIMEOUT_S = 5.0
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address that messages are posted to; the address may itself be a secret."""

    url: str
    secret: bytes
    """Messages are signed with it; empty: they are not."""

    @property
    def fingerprint(self) -> str:
        """What names the address without telling it."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]

    def post(self, message_id: str, body: bytes, at: datetime) -> None:
        """Send a message once; a redirect is not followed.

        Args:
            message_id: the same for each attempt, so that the receiver can leave out what it has.

        Raises:
            WebhookUnavailable: no answer in five seconds, or none of success; without the address.
        """
        headers = {"content-type": "application/json", **self._signed(message_id, body, at)}
        try:
            # What the answer says is not read: it may be endless.
            with (
                httpx.Client(timeout=TIMEOUT_S, verify=tls_context(), trust_env=False) as http,
                http.stream("POST", self.url, content=body, headers=headers) as reply,
            ):
                status, is_success = reply.status_code, reply.is_success
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = str(error).replace(self.url, HIDDEN)
            raise WebhookUnavailable(
                f"{type(error).__name__}: {said}" if said else type(error).__name__
            ) from None
        if not is_success:
            raise WebhookUnavailable(f"it answered {status}")

    def _signed(self, message_id: str, body: bytes, at: datetime) -> Mapping[str, str]:
        seconds = str(int(at.timestamp()))
        headers = {"webhook-id": message_id, "webhook-timestamp": seconds}
        if not self.secret:
            return headers
        signed = b".".join((message_id.encode(), seconds.encode(), body))
        digest = base64.b64encode(hmac.digest(self.secret, signed, "sha256")).decode()
        return {**headers, "webhook-signature": f"v1,{digest}"}


def webhooks(urls: str, secret: str) -> list[Webhook]:
    """Read addresses, parted by commas, and the secret they share: any text, or `whsec_` and base64.

    Raises:
        InvalidInput: an address is none of http(s), or the secret is no base64.
    """
    key = _key(secret)
    listed = [url.strip() for url in urls.split(",") if url.strip()]
    for url in listed:
        if not url.lower().startswith(("http://", "https://")):
            raise InvalidInput(
                "HYPERSIGHT_NOTIFY_URLS must be http:// or https:// addresses, parted by commas"
            )
    return [Webhook(url, key) for url in dict.fromkeys(listed)]


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise InvalidInput("HYPERSIGHT_NOTIFY_SECRET starts with whsec_ and then is no base64") from error
