"""What is wrong with cameras, and what to do about it; only those that should be watched are judged."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from hypersight_core.domain.events import Reason
from hypersight_core.domain.health import CameraHealth

SETTLING = timedelta(minutes=5)
"""A camera that is wanted for less has shown nothing yet."""
FRESH_WITHIN = timedelta(minutes=2)
LONG_SILENT = timedelta(minutes=10)
WRITTEN_WITHIN = timedelta(minutes=1)
CLOCK_OFF = timedelta(minutes=2)
GOOD_COVERAGE, POOR_COVERAGE = 0.95, 0.5
FRAMES_MISSED = 0.02
"""Share of the wanted frames, in ten minutes, that a detector may leave unanswered."""
SLOW_ANSWER_S = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an operator should know about one camera."""

    camera_id: int
    name: str
    is_error: bool
    """Whether figures are missing now; else they are about to."""
    problem: str
    advice: str


Judgement = Callable[[CameraHealth], Finding | None]


def findings(judge: Judgement, cameras: Iterable[CameraHealth]) -> list[Finding]:
    """Return what is wrong, errors first."""
    found = [judge(one) for one in cameras if one.is_wanted and not _is_settling(one)]
    return sorted((one for one in found if one is not None), key=lambda one: not one.is_error)


def not_fresh(one: CameraHealth) -> Finding | None:
    """Say whether a camera has not been seen for minutes."""
    silent = timedelta.max if one.seen_until is None else one.at - one.seen_until
    is_writing = one.written_at is not None and one.at - one.written_at < WRITTEN_WITHIN
    if one.state == "watching" and is_writing and (silent > CLOCK_OFF or silent < -CLOCK_OFF):
        ahead = "ahead" if silent < timedelta() else "behind"
        problem = (
            f"its clock is {ahead} by {_words(abs(silent))}" if one.seen_until else "its clock is far off"
        )
        return _finding(one, False, problem, "Set the camera's clock (NTP): events carry its time.")
    if silent <= FRESH_WITHIN:
        return None
    since = f"for {_words(silent)}" if one.seen_until else "for a day or longer"
    detail = f": {one.detail}" if one.detail else ""
    return _finding(one, silent > LONG_SILENT, f"not seen {since}. {one.text}{detail}", _advice(one.state))


def poorly_covered(one: CameraHealth) -> Finding | None:
    """Say whether parts of the last hour are missing."""
    share = one.coverage.share
    if share >= GOOD_COVERAGE:
        return None
    missed = ", ".join(f"{count} frames {reason}" for reason, count in sorted(one.frames_missed.items()))
    newest = f"; last ten minutes: {missed}" if missed else "; the last ten minutes are whole"
    said = f"watched {share:.0%} of {_words(timedelta(seconds=one.coverage.interval_s))}{newest}"
    reasons = sorted(one.frames_missed, key=lambda reason: -one.frames_missed[reason])
    advice = _MISSED_ADVICE.get(reasons[0], "") if reasons else "Nothing, unless it comes again."
    return _finding(one, share < POOR_COVERAGE, said, advice)


def lagging(max_lag_s: float) -> Judgement:
    """Return what says whether a camera is so far behind its stream that segments will be dropped.

    Args:
        max_lag_s: behind by more, segments are dropped.
    """

    def judge(one: CameraHealth) -> Finding | None:
        dropped = one.frames_missed.get(Reason.LATE_DROPPED, 0)
        lag_s = one.lag_s or 0.0
        if lag_s <= max_lag_s / 2 and not dropped:
            return None
        said = f"{lag_s:.0f} s behind the stream (dropped beyond {max_lag_s:.0f} s)"
        lost = f"; {dropped} frames dropped in ten minutes" if dropped else ""
        return _finding(one, dropped > 0 or lag_s > max_lag_s, said + lost, _MISSED_ADVICE["late_dropped"])

    return judge


def badly_detected(one: CameraHealth) -> Finding | None:
    """Say whether a detector fails, is left alone, or answers slowly."""
    missed = one.frames_missed.get(Reason.DETECTOR_ERROR, 0)
    alone = [
        server.url for found in one.detectors.values() for server in found.servers if server.is_left_alone
    ]
    slow = [name for name, found in one.detectors.items() if (found.median_s or 0.0) > SLOW_ANSWER_S]
    is_away = one.state == "detector_away"
    said = [
        *([f"away: {one.detail}" if one.detail else "away"] if is_away else []),
        *([f"{missed} of {one.frames_wanted} frames unanswered in ten minutes"] if missed else []),
        *([f"not asked for now, since it keeps failing: {url}" for url in alone]),
        *([f"{name}: half of the answers take over {SLOW_ANSWER_S:.0f} s" for name in slow]),
    ]
    is_many = missed > FRAMES_MISSED * one.frames_wanted
    if not (is_away or is_many or alone or slow):
        return None
    return _finding(one, is_away or is_many, "; ".join(said), _MISSED_ADVICE["detector_error"])


def _finding(one: CameraHealth, is_error: bool, problem: str, advice: str) -> Finding:
    return Finding(one.camera.camera_id, one.camera.name, is_error, problem, advice)


def _is_settling(one: CameraHealth) -> bool:
    return one.wanted_since is not None and one.at - one.wanted_since < SETTLING


def _advice(state: str) -> str:
    return _STATE_ADVICE.get(state, _STATE_ADVICE["not_watched"])


def _words(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    if minutes < 1:
        return f"{length.total_seconds():.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


_MISSED_ADVICE = {
    "stream_down": "Check the camera's power, network and stream URL; it is tried again all the time.",
    "detector_error": "Start the detector or look at its log; frames wait for it only for a while.",
    "late_dropped": "Add a detector, lower watch_fps, or use a larger mosaic (watch_rows × watch_cols).",
    "paused": "It was switched off or its watcher was away: look at the camera's newest runs.",
}
_STATE_ADVICE = {
    "reconnecting": _MISSED_ADVICE["stream_down"],
    "detector_away": _MISSED_ADVICE["detector_error"],
    "watching": "Its watcher runs but nothing is counted: look at its log, logs/watcher-<camera id>.log.",
    "starting": "Wait a minute; if it stays, look at the camera's newest run.",
    "failed": "Mend what the reason says; then edit the camera, or switch it off and on, to try at once.",
    "not_watched": "The sensor watcher_supervisor starts a watcher in seconds: is it on, what does it say?",
}
