"""Which segments of a looping film a live playlist shows at a given moment."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate


class Schedule:
    """Segment `n` of the endless stream is segment `n mod count` of the film.

    Args:
        durations_s: of the film's segments, in order.
        is_complete: false while more are being encoded: then there is no loop yet.
    """

    def __init__(self, durations_s: Sequence[float], *, is_complete: bool, epoch: datetime) -> None:
        self._durations_s, self._is_complete, self._epoch = durations_s, is_complete, epoch
        self._ends_s = list(accumulate(durations_s))

    def done(self, elapsed_s: float) -> int:
        """Return how many segments have ended `elapsed_s` after the stream's start."""
        rounds, rest_s = divmod(elapsed_s, self._ends_s[-1]) if self._is_complete else (0.0, elapsed_s)
        return int(rounds) * len(self._ends_s) + bisect_right(self._ends_s, rest_s + 1e-6)

    def film_index(self, number: int) -> int:
        """Return which segment of the film number `number` is."""
        return number % len(self._durations_s)

    def playlist(
        self, first: int, stop: int, *, renumbered_by: int = 0, is_discontinuous: bool = False
    ) -> str:
        """Return a media playlist of the segments `first` up to before `stop`.

        Args:
            renumbered_by: subtracted from every number, as after a packager's restart.
            is_discontinuous: every segment is marked as a discontinuity.
        """
        count = len(self._durations_s)
        rounds = first // count - (1 if first and first % count == 0 else 0)
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            f"#EXT-X-TARGETDURATION:{max(1, math.ceil(max(self._durations_s)))}",
            f"#EXT-X-MEDIA-SEQUENCE:{first - renumbered_by}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{rounds}",
        ]
        for number in range(first, stop):
            if is_discontinuous or (number and number % count == 0):
                lines.append("#EXT-X-DISCONTINUITY")
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{self._date_time(number)}")
            lines.append(f"#EXTINF:{self._durations_s[number % count]:.6f},")
            lines.append(f"seg-{number - renumbered_by}.ts")
        return "\n".join(lines) + "\n"

    def _date_time(self, number: int) -> str:
        rounds, index = divmod(number, len(self._durations_s))
        start_s = rounds * self._ends_s[-1] + (self._ends_s[index - 1] if index else 0.0)
        at = (self._epoch + timedelta(seconds=start_s)).astimezone(UTC)
        return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
