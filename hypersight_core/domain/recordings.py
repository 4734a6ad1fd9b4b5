"""When a recorded film was taken, by its name."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

STAMP = re.compile(
    r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})[T_ -](\d{2})[-_:.]?(\d{2})[-_:.]?(\d{2})"
    r"(?:Z|([+-])(\d{2}):?(\d{2}))?(?!\d)"
)


def named_start(name: str, zone: tzinfo) -> datetime | None:
    """Return the time in a file's name, such as `2026-01-31T12-00-00Z.mp4` or `door_20260131_120000.mkv`.

    Without an offset it is local time in `zone`. None: the name holds no time.
    """
    found = STAMP.search(name)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if found[0].endswith("Z"):
        zone = UTC
    elif found[7]:
        east = timedelta(hours=int(found[8]), minutes=int(found[9]))
        zone = timezone(east if found[7] == "+" else -east)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
