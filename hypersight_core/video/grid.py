"""Which frames are wanted: the ones nearest to a regular grid, which gives way a little to key frames."""

NEAR_KEY_SHARE = 0.25
"""A key frame this share of an interval away from its due time is taken instead, and moves the grid:
it costs one decoded packet where another frame costs its whole group of pictures."""
ROUNDING_S = 1e-6


class SampleGrid:
    """Says of each frame, in the order they show and without looking ahead, whether it is wanted.

    Times are seconds on any one scale.
    """

    def __init__(self, watch_fps: float) -> None:
        self._interval_s = 1 / watch_fps
        self.frame_s = 0.04
        """Time between two frames of the stream; sets how near is near enough."""
        self._due_s: float | None = None
        self._key_s: float | None = None
        self._group_s: float | None = None

    def set_fps(self, watch_fps: float) -> None:
        """Use another rate; the frame due next is not put off."""
        interval_s = 1 / watch_fps
        if self._due_s is not None:
            self._due_s += min(0.0, interval_s - self._interval_s)
        self._interval_s = interval_s

    def reset(self) -> None:
        """Forget all times: the next frame is wanted."""
        self._due_s = self._key_s = self._group_s = None

    def is_wanted(
        self, shown_s: float, *, is_key: bool, next_s: float | None = None, is_next_cheaper: bool = False
    ) -> bool:
        """Say whether to take this frame; a taken frame puts the next due time behind it.

        Args:
            next_s: when the next frame shows, where that is known.
            is_next_cheaper: decoding this frame needs the next one.
        """
        if is_key:
            if self._key_s is not None:
                self._group_s = shown_s - self._key_s
            self._key_s = shown_s
        if self._due_s is None:
            self._due_s = shown_s
        half_s = self.frame_s / 2 if next_s is None else (next_s - shown_s) / 2 + ROUNDING_S
        taken = self._is_key_near(shown_s) if is_key else self._is_nearest(shown_s, half_s, is_next_cheaper)
        if taken:
            is_moved = is_key and abs(shown_s - self._due_s) > self.frame_s / 2
            self._advance(shown_s if is_moved else self._due_s, shown_s)
        return taken

    def _is_key_near(self, shown_s: float) -> bool:
        assert self._due_s is not None  # noqa: S101 - set by the only caller
        reach_s = NEAR_KEY_SHARE * self._interval_s
        if self._group_s:  # where key frames are close together, the next one may be nearer
            reach_s = min(reach_s, self._group_s / 2)
        return shown_s >= self._due_s - max(reach_s, self.frame_s / 2)

    def _is_nearest(self, shown_s: float, half_s: float, is_next_cheaper: bool) -> bool:
        due_s = self._due_s
        assert due_s is not None  # noqa: S101 - set by the only caller
        if shown_s < due_s - half_s or self._is_key_expected(shown_s, due_s):
            return False
        is_tie = is_next_cheaper and shown_s <= due_s - half_s + 3 * ROUNDING_S
        return not is_tie

    def _is_key_expected(self, shown_s: float, due_s: float) -> bool:
        """Say whether a key frame will come that is near enough to wait for."""
        if self._key_s is None or not self._group_s:
            return False
        next_key_s = self._key_s + self._group_s
        is_near = next_key_s - due_s <= NEAR_KEY_SHARE * self._interval_s + ROUNDING_S
        return is_near and shown_s < next_key_s - self.frame_s / 2

    def _advance(self, from_s: float, shown_s: float) -> None:
        due_s = from_s + self._interval_s
        while due_s <= shown_s + self.frame_s / 2:
            due_s += self._interval_s
        self._due_s = due_s
