"""What of a URL may be shown: never a password, never a token."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

HIDDEN = "***"

_SECRET_NAMES = re.compile(r"pass|pwd|token|secret|key|auth|sig|credential|session", re.IGNORECASE)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)


def redacted(url: str) -> str:
    """Return `url` without user, password, fragment, and with secret-looking query values hidden."""
    try:
        parts = urlsplit(url)
        netloc = parts.netloc.rpartition("@")[2]
        query = urlencode(
            [
                (name, HIDDEN if _SECRET_NAMES.search(name) else value)
                for name, value in parse_qsl(parts.query)
            ],
            safe="*/:",
        )
        return urlunsplit((parts.scheme, netloc, parts.path, query, ""))
    except ValueError:
        return HIDDEN


def redacted_text(text: str) -> str:
    """Return `text` with every URL in it redacted; for messages of libraries that quote URLs."""
    return _URL.sub(lambda match: redacted(match.group()), text)
