"""Secrets of cameras as the database holds them: encrypted, by keys that are elsewhere.

A `stream_url` with a secret in it is stored as it may be shown, with its encrypted self behind that
(`rtsp://host/path#sealed=…`); a header as its name and `sealed:…`. So whoever only shows or edits cameras
needs no key. What is encrypted says where it may go: moved to another host by hand, it opens nothing.
"""

import json
import re
import secrets
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hypersight_core.domain.cameras import SEALED_HEADER, Camera, CameraSettings
from hypersight_core.errors import SecretUnreadable, SetupFailed
from hypersight_core.redaction import HIDDEN, redacted
from hypersight_core.settings import Settings

SETTING = "HYPERSIGHT_SECRET_KEYS"
OWN_KEY = "secret_keys"
"""File in `var` with the key of an installation that was given none."""
MARK, HEADER_MARK = "#sealed=", "sealed:"
SEALED_URL = re.compile(rf"(.*){MARK}([\w=-]+)", re.ASCII | re.DOTALL)

_Camera = TypeVar("_Camera", bound=CameraSettings)


class Keyring:
    """Encrypts by the first key, decrypts by any.

    Args:
        source: where the keys are from, for messages.
    """

    def __init__(self, keys: Sequence[str], source: str = SETTING) -> None:
        self._fernet = MultiFernet([_fernet(key) for key in keys])
        self._source = source

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the keys of an installation; where none is set, its own, made at the first call.

        Raises:
            SetupFailed: there is none, and none can be kept.
        """
        if keys := settings.secret_keys.split():
            return cls(keys)
        path = settings.var_dir / OWN_KEY
        return cls(_own_key(path).split(), f"{SETTING} (not set, so {path})")

    def sealed(self, camera: _Camera, before: CameraSettings | None = None) -> _Camera:
        """Return a camera as it is stored.

        Args:
            before: what is stored of it now; the same secrets stay the same text.
        """
        stream_url, http_headers = self.sealed_secrets(camera.stream_url, camera.http_headers)
        if before is not None and shown(before.stream_url) == shown(stream_url):
            kept = before.http_headers
            stream_url = self._unless_same(stream_url, before.stream_url)
            http_headers = {
                name: self._unless_same(value, kept[name]) if name in kept else value
                for name, value in http_headers.items()
            }
        return replace(camera, stream_url=stream_url, http_headers=http_headers)

    def opened(self, camera: _Camera) -> _Camera:
        """Return a camera as it is connected to.

        Raises:
            SecretUnreadable: no key fits, or what is encrypted was moved to another host.
        """
        try:
            stream_url, http_headers = self.opened_secrets(camera.stream_url, camera.http_headers)
        except InvalidToken as error:
            raise SecretUnreadable(_who(camera), self._source) from error
        return replace(camera, stream_url=stream_url, http_headers=http_headers)

    def sealed_secrets(self, stream_url: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Return an address and headers as they are stored; what is encrypted already stays as it is."""
        where = shown(stream_url)
        if where != stream_url and not SEALED_URL.fullmatch(stream_url):
            stream_url = where + MARK + self._encrypted(where, stream_url)
        sealed = {
            name: value
            if SEALED_HEADER.fullmatch(value)
            else HEADER_MARK + self._encrypted(_of_header(name, where), value)
            for name, value in headers.items()
        }
        return stream_url, sealed

    def opened_secrets(self, stream_url: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Return an address and headers as they are sent; what is in the clear stays as it is.

        Raises:
            InvalidToken: no key fits, or what is encrypted was moved to another host.
        """
        where = shown(stream_url)
        opened = {
            name: self._decrypted(_of_header(name, where), value.removeprefix(HEADER_MARK))
            if SEALED_HEADER.fullmatch(value)
            else value
            for name, value in headers.items()
        }
        if found := SEALED_URL.fullmatch(stream_url):
            stream_url = self._decrypted(found[1], found[2])
        return stream_url, opened

    def _encrypted(self, where: str, secret: str) -> str:
        return self._fernet.encrypt(json.dumps([where, secret]).encode()).decode()

    def _decrypted(self, where: str, token: str) -> str:
        bound_to, secret = json.loads(self._fernet.decrypt(token))
        if bound_to != where:
            raise InvalidToken
        return str(secret)

    def _unless_same(self, sealed: str, before: str) -> str:
        """Return what is stored already, when it is the same secret; both in the same place."""
        with suppress(InvalidToken):
            if self._secret(sealed) == self._secret(before):
                return before
        return sealed

    def _secret(self, stored: str) -> str:
        if found := SEALED_URL.fullmatch(stored):
            return self._decrypted(found[1], found[2])
        if SEALED_HEADER.fullmatch(stored):
            return str(json.loads(self._fernet.decrypt(stored.removeprefix(HEADER_MARK)))[1])
        return stored


def shown(stream_url: str) -> str:
    """Return an address as it may be shown, clear or encrypted; always with its scheme."""
    if found := SEALED_URL.fullmatch(stream_url):
        return found[1]
    visible = redacted(stream_url)
    is_stable = "://" in visible and redacted(visible) == visible
    return visible if is_stable else f"{stream_url.partition('://')[0]}://{HIDDEN}"


def _of_header(name: str, where: str) -> str:
    parts = urlsplit(where)
    return f"{name} for {parts.scheme}://{parts.netloc}"


def _who(camera: CameraSettings) -> str:
    number = f" {camera.camera_id}" if isinstance(camera, Camera) else ""
    return f"camera{number} ({camera.name})"


def _fernet(key: str) -> Fernet:
    """Make a key of any text that nobody can guess."""
    derived = HKDF(SHA256(), 32, salt=None, info=b"hypersight secrets of cameras").derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))


def _own_key(path: Path) -> str:
    """Return what the file says; whoever comes first makes it, for its owner's eyes only."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent) as part, suppress(FileExistsError):
                part.write(f"{secrets.token_urlsafe(32)}\n")
                part.flush()
                path.hardlink_to(part.name)
        return path.read_text()
    except OSError as error:
        raise SetupFailed(
            f"no key for the passwords of cameras: {path} cannot be made or read ({error.strerror})",
            hint=f"set {SETTING}, or {SETTING}_FILE",
        ) from error
