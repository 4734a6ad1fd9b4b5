"""How long to wait before something is sent again."""

from datetime import timedelta

MOST_DOUBLINGS = 10


def pause_after(failures: int, first: timedelta, longest: timedelta) -> timedelta:
    """Return twice as long a pause for each failure more, `longest` at most.

    Args:
        failures: in a row, the newest not counted.
    """
    return min(first * (1 << min(failures, MOST_DOUBLINGS)), longest)
