"""What stands in the audit log, in words."""

import re
from collections.abc import Mapping, Sequence

DEEDS: Mapping[str, str] = {
    "": "Everything",
    "faces": "Following faces",
    "sign": "Signing in and out",
    "/cameras": "Cameras",
    "/processors": "Processors",
    "/accounts": "Accounts",
    "/tokens": "Tokens",
}
"""What people look for, by what it has in common."""
PLAIN = {
    "faces": "followed the faces",
    "signed in": "signed in",
    "signed out": "signed out",
    "sign-in refused": "was refused: wrong password or token",
}
VERBS = {"POST": "added", "PATCH": "changed", "DELETE": "deleted"}
NOUNS = {"cameras": "a camera", "processors": "a processor", "accounts": "an account", "tokens": "a token"}
ROUTE = re.compile(r"(?P<method>[A-Z]+) /api/v1/(?:.*/)?(?P<noun>[a-z]+)(?:/\{\w+\})?")


def deed(action: str) -> str:
    """Return what somebody did; what has no words yet as it is stored."""
    if action in PLAIN:
        return PLAIN[action]
    if action.endswith("/restart"):
        return "restarted a watcher"
    found = ROUTE.fullmatch(action)
    if found is None or found["method"] not in VERBS or found["noun"] not in NOUNS:
        return action
    return f"{VERBS[found['method']]} {NOUNS[found['noun']]}"


def field_words(fields: Sequence[str]) -> str:
    """Return which fields were sent."""
    return ", ".join(one.replace("_", " ") for one in fields)
