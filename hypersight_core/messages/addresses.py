"""Addresses of settings become targets."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager

from hypersight_core.errors import InvalidInput
from hypersight_core.messages.mqtt import SCHEMES, MqttTarget
from hypersight_core.messages.target import Target
from hypersight_core.messages.webhook import Webhook

PREFIX = "whsec_"
HTTP = ("http", "https")


@contextmanager
def opened_targets(urls: str, secret: str, setting: str) -> Iterator[list[Target]]:
    """Yield the targets of a setting, closed at the end.

    Args:
        urls: addresses, parted by commas.
        secret: what webhooks are signed with: any text, or `whsec_` and base64.
        setting: its variable, for messages.

    Raises:
        InvalidInput: an address is none, or the secret is no base64; neither is told.
    """
    key = _key(secret)
    listed = dict.fromkeys(url.strip() for url in urls.split(",") if url.strip())
    targets = [_target(url, key, setting) for url in listed]
    try:
        yield targets
    finally:
        for target in targets:
            target.close()


def _target(url: str, key: bytes, setting: str) -> Target:
    scheme = url.partition("://")[0].lower()
    if scheme in HTTP:
        return Webhook(url, key)
    if scheme not in SCHEMES or "://" not in url:
        raise InvalidInput(f"{setting} must be http(s):// or mqtt(s):// addresses, parted by commas")
    try:
        return MqttTarget(url)
    except InvalidInput as error:
        raise InvalidInput(f"{setting} has an address of a broker that cannot be read: {error}") from error


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise InvalidInput("HYPERSIGHT_NOTIFY_SECRET starts with whsec_ and then is no base64") from error
