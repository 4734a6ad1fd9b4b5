"""Groups of cameras, which rights may be limited to."""

from collections.abc import Iterable

from hypersight_core.errors import InvalidInput

MOST_GROUPS, LONGEST_GROUP = 50, 60


def checked_groups(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of groups in order, each once.

    Raises:
        InvalidInput: one is empty, too long, or holds a comma or what cannot be seen; or they are too many.
    """
    found = tuple(sorted(set(names)))
    if len(found) > MOST_GROUPS:
        raise InvalidInput(f"{MOST_GROUPS} groups at most", field="groups")
    for name in found:
        is_good = name.strip() == name != "" and name.isprintable() and "," not in name
        if not is_good or len(name) > LONGEST_GROUP:
            raise InvalidInput(
                f"a group has a name of 1 to {LONGEST_GROUP} visible characters without commas, "
                "spaces only between them",
                field="groups",
            )
    return found
