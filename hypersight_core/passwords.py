"""Passwords as they are stored: by argon2id, with the parameters its authors recommend."""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hypersight_core.errors import InvalidInput

SHORTEST, LONGEST = 10, 1000

_HASHER = PasswordHasher()
_ONE_AT_A_TIME = threading.Lock()
"""Each takes 64 MB for a moment; strangers must not decide how many there are."""


def hashed(password: str) -> str:
    """Return what may be stored of a password.

    Raises:
        InvalidInput: it is too short, or absurdly long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(f"a password has {SHORTEST} to {LONGEST} characters")
    with _ONE_AT_A_TIME:
        return _HASHER.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Return whether a password is the stored one; None, for nobody, takes as long and is never right."""
    with _ONE_AT_A_TIME:
        try:
            _HASHER.verify(stored or _NOBODYS, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


_NOBODYS = _HASHER.hash(secrets.token_urlsafe())
