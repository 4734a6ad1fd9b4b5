"""Visitors who signed in with a browser: what their cookie says, and how often somebody may guess."""

import secrets
import threading
from base64 import urlsafe_b64encode
from collections import deque
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hypersight_core.domain.access import Account

SESSION_COOKIE, CSRF_COOKIE = "hypersight_session", "hypersight_csrf"
LASTS_S = 12 * 3600
CSRF_HEADER = "x-csrf-token"
GUESSES, GUESSES_WITHIN_S = 5, 60.0
MOST_ADDRESSES = 10_000


class Visitor(msgspec.Struct, frozen=True):
    """Somebody who signed in."""

    account_id: int = 0
    """0: whoever knows the API token."""
    account_version: int = 0
    """The account's when they signed in; a later one ends the session."""
    csrf: str = ""
    """What writes have to show beside the cookie."""


class Sessions:
    """Makes and reads session cookies: encrypted, signed, and worth nothing after twelve hours.

    The key follows from the API token: another token ends every session, and several API processes know
    each other's.
    """

    def __init__(self, api_token: str) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"hypersight sessions").derive(api_token.encode())
        self._fernet = Fernet(urlsafe_b64encode(key))

    def begin(self, now: datetime, account: Account | None = None) -> tuple[str, Visitor]:
        """Return a new session's cookie and its visitor; no account: whoever knows the API token."""
        csrf = secrets.token_urlsafe(24)
        visitor = Visitor(account.account_id, account.version, csrf) if account else Visitor(csrf=csrf)
        content = msgspec.json.encode(visitor)
        return self._fernet.encrypt_at_time(content, int(now.timestamp())).decode(), visitor

    def visitor(self, cookie: str, now: datetime) -> Visitor | None:
        """Return whose cookie it is; None: it is none of ours, or too old."""
        try:
            content = self._fernet.decrypt_at_time(cookie.encode(), LASTS_S, int(now.timestamp()))
            return msgspec.json.decode(content, type=Visitor)
        except (InvalidToken, msgspec.DecodeError):
            return None


class Guesses:
    """Counts wrong tokens by address, and asks for patience when they are many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: dict[str, deque[float]] = {}

    def wait_s(self, address: str, now_s: float) -> float:
        """Return how long an address has to wait before its next guess; 0: not at all."""
        with self._lock:
            times = self._wrong.get(_whose(address), deque())
            if len(times) < GUESSES:
                return 0.0
            return max(0.0, times[0] + GUESSES_WITHIN_S - now_s)

    def wrong(self, address: str, now_s: float) -> None:
        """Take note of a wrong guess."""
        with self._lock:
            whose = _whose(address)
            times = self._wrong.pop(whose, deque(maxlen=GUESSES))
            times.append(now_s)
            self._wrong[whose] = times  # the newest is last
            while len(self._wrong) > MOST_ADDRESSES:
                del self._wrong[next(iter(self._wrong))]


def _whose(address: str) -> str:
    """Return what one attacker has: an IPv4 address, or a network of IPv6 addresses."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    is_v6 = isinstance(found, IPv6Address)
    return str(ip_network((found, 64), strict=False)) if is_v6 else str(found)
