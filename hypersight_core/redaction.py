"""What of a URL may be shown: never a password, never a token."""

import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

HIDDEN = "***"

_NAMES = "pass|pwd|psw|token|secret|key|auth|sig|credential|session"
_SECRET_NAMES = re.compile(rf"{_NAMES}|^pw$", re.IGNORECASE)
# Some cameras want `/user=admin_password=…_channel=1.sdp`; where the value ends there nobody can tell.
_SECRET_IN_PATH = re.compile(rf"((?:{_NAMES})[^/;=]*=)[^/;]*", re.IGNORECASE)
# A password may hold the quotes that libraries put around a URL.
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://(?:[^\s@/]*@)?[^\s'\"<>]+", re.IGNORECASE)


def redacted(url: str) -> str:
    """Return `url` without user, password, fragment, and with secret-looking values hidden.

    A URL in which nobody can tell where the password ends is hidden whole.
    """
    try:
        parts = urlsplit(url)
        if _is_ambiguous(parts):
            return f"{parts.scheme}://{HIDDEN}"
        netloc = parts.netloc.rpartition("@")[2]
        path = _SECRET_IN_PATH.sub(rf"\1{HIDDEN}", parts.path)
        query = urlencode(
            [
                (name, HIDDEN if _SECRET_NAMES.search(name) else value)
                for name, value in parse_qsl(parts.query)
            ],
            safe="*/:",
        )
        return urlunsplit((parts.scheme, netloc, path, query, ""))
    except ValueError:
        return HIDDEN


def redacted_text(text: str) -> str:
    """Return `text` with every URL in it redacted; for messages of libraries that quote URLs."""
    return _URL.sub(lambda match: redacted(match.group()), text)


def _is_ambiguous(parts: SplitResult) -> bool:
    """Say whether a `/`, `?` or `#` in a password made its first half look like the host's port."""
    if "@" in parts.netloc or ":" not in parts.netloc:
        return False
    try:
        _ = parts.port
    except ValueError:
        return True
    return "@" in parts.path + parts.query + parts.fragment
