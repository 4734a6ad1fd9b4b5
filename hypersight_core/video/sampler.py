"""Frames at the wanted rate, decoding no more than they need.

Packets wait undecoded. When a frame is wanted, the waiting packets it may refer to are decoded,
then it; a key frame throws the waiting ones away, and disposable ones never wait. The frames
are the same, bit for bit, as those of a full decode.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import zip_longest

from hypersight_core.errors import InvalidInput
from hypersight_core.video.bitstream import traits
from hypersight_core.video.decoder import Decoder
from hypersight_core.video.grid import SampleGrid
from hypersight_core.video.picture import Picture
from hypersight_core.video.pieces import CodedFrame, Segment

__all__ = ["FrameSampler", "Picture"]

logger = logging.getLogger(__name__)

MAX_WAITING = 400
"""Packets that may wait for a wanted frame; bounds memory for groups of pictures without an end."""
NO_KEY_S = 10.0
"""Some cameras refresh in stripes and never send a key frame: after so long, decode without one."""


class FrameSampler:
    """Picks about `watch_fps` frames per second of stream time out of consecutive segments.

    Keeps one decoder across segments, so that segments may start between key frames.

    Args:
        skip_loop_filter: decode cheaper; frames then differ from what was sent, the more the further they
            are from a key frame.
    """

    def __init__(self, watch_fps: float, *, skip_loop_filter: bool = False) -> None:
        self._grid = SampleGrid(_checked(watch_fps))
        self._decoder = Decoder(skip_loop_filter=skip_loop_filter)
        self._waiting: list[CodedFrame] = []
        self._is_synced = False
        self._unsynced_since: datetime | None = None
        self._leading_until: datetime | None = None
        self._is_cut_at_keys: bool | None = None
        self._top_layer = 0
        self.packets_seen = 0

    @property
    def packets_decoded(self) -> int:
        """How many of `packets_seen` were given to the decoder."""
        return self._decoder.packets_decoded

    @property
    def packets_invalid(self) -> int:
        """How many packets the decoder refused."""
        return self._decoder.packets_invalid

    def set_fps(self, watch_fps: float) -> None:
        """Sample at another rate from the next frame on."""
        self._grid.set_fps(_checked(watch_fps))

    def frames(self, segment: Segment) -> Iterator[Picture]:
        """Yield the sampled frames of `segment` in the order they show.

        A caller that stops half way loses the frames up to the next key frame.
        """
        self._start(segment)
        is_whole = False
        try:
            for coded, is_wanted in zip(segment.coded, self._wanted(segment), strict=True):
                yield from self._fed(coded, segment.start_at, is_wanted=is_wanted)
            if self._decoder.is_owing and (self._is_cut_at_keys or segment.is_last):
                yield from self._drained()
            is_whole = True
        finally:
            if not is_whole:
                self._reset()

    def _start(self, segment: Segment) -> None:
        if segment.is_discontinuity:
            self._reset()
        if segment.coded and self.packets_seen:  # the first segment tells nothing about cuts
            self._is_cut_at_keys = segment.coded[0].is_key and self._is_cut_at_keys is not False
        self._grid.frame_s = segment.frame_s
        layers = [traits(coded).layer for coded in segment.coded if coded.codec.name == "hevc"]
        self._top_layer = max([self._top_layer, *layers])

    def _reset(self) -> None:
        self._decoder.flush()
        self._waiting.clear()
        self._is_synced = False
        self._unsynced_since = None
        self._leading_until = None
        self._grid.reset()

    def _wanted(self, segment: Segment) -> list[bool]:
        """Choose among the frames in the order they show; B frames come in another."""
        coded, origin_s = segment.coded, segment.start_at.timestamp()
        first = 0 if self._is_synced else next((i for i, one in enumerate(coded) if one.is_key), len(coded))
        wanted = [False] * len(coded)
        order = sorted(range(first, len(coded)), key=lambda index: coded[index].shown_s)
        for index, later in zip_longest(order, order[1:]):
            one = coded[index]
            wanted[index] = self._grid.is_wanted(
                origin_s + one.shown_s,
                is_key=one.is_key,
                next_s=None if later is None else origin_s + coded[later].shown_s,
                is_next_cheaper=later is not None and later < index,
            )
        return wanted

    def _fed(self, coded: CodedFrame, start_at: datetime, *, is_wanted: bool) -> Iterator[Picture]:
        self.packets_seen += 1
        shown_at = start_at + timedelta(seconds=coded.shown_s)
        if coded.is_key:
            yield from self._at_key(coded, shown_at)
        elif not self._is_usable(shown_at):
            return
        if is_wanted:
            yield from self._caught_up()
            yield from self._decoder.wanted(coded, shown_at)
        elif self._may_be_needed(coded):
            self._waiting.append(coded)
            if len(self._waiting) > MAX_WAITING:
                yield from self._caught_up(MAX_WAITING // 2)

    def _at_key(self, coded: CodedFrame, shown_at: datetime) -> Iterator[Picture]:
        """Forget the packets that wait: nothing from here on needs them.

        A key frame that is no clean start (open groups of pictures, recovery points) would be swallowed
        by a decoder that misses frames, so it is started afresh; frames shown before it are lost.
        """
        self._leading_until = None
        is_torn = bool(self._waiting) or not self._is_synced
        if is_torn and not traits(coded).is_clean_start:
            yield from self._drained()
            self._leading_until = shown_at
        self._waiting.clear()
        self._is_synced = True

    def _is_usable(self, shown_at: datetime) -> bool:
        if self._leading_until is not None and shown_at < self._leading_until:
            return False
        if not self._is_synced:
            self._unsynced_since = self._unsynced_since or shown_at
            if shown_at - self._unsynced_since > timedelta(seconds=NO_KEY_S):
                logger.warning("no key frame for long, decoding without one")
                self._is_synced = True
        return self._is_synced

    def _may_be_needed(self, coded: CodedFrame) -> bool:
        """Whether another frame may refer to this one."""
        found = traits(coded)
        return found.is_reference or found.layer < self._top_layer

    def _caught_up(self, count: int | None = None) -> Iterator[Picture]:
        """Decode the oldest `count` waiting packets (all: None); frames asked for earlier may come out."""
        ready, self._waiting = self._waiting[:count], self._waiting[count:] if count else []
        for coded in ready:
            yield from self._decoder.passed(coded)

    def _drained(self) -> Iterator[Picture]:
        """Take out what the decoder holds back for reordering; it needs a key frame next."""
        yield from self._decoder.drained()
        self._waiting.clear()
        self._is_synced = False
        self._unsynced_since = None


def _checked(watch_fps: float) -> float:
    if not watch_fps > 0:
        raise InvalidInput(f"watch_fps must be above 0, got {watch_fps}")
    return watch_fps
