"""Dagster's daemon where the clock may be set back: `python -m hypersight_pipelines.daemon run -w …`.

The daemon waits by the time of day, and evaluates a sensor when enough time has passed since its last tick.
After a step back by an hour it would launch nothing, and no sensor would look, for that hour. So
it is started anew then, as after a kill, and ticks that lie in the future are forgotten at each start.
"""

import logging
import os
import sys
import threading
import time
from datetime import UTC, datetime

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorState, SensorInstigatorData
from dagster._daemon.cli import main as run_daemon

from hypersight_core.domain.clock import ClockWatch, put_into_words

logger = logging.getLogger("dagster.daemon")
"""Dagster's own: it gives no other a place to go."""

LOOK_S = 0.5
AHEAD_S = 1.0
"""What lies less ahead was written by a machine whose clock goes a little before ours."""


def main(arguments: list[str]) -> None:
    """Be Dagster's daemon, or one of its other commands."""
    if arguments[:1] == ["run"]:
        with dg.DagsterInstance.get() as instance:
            for name in release(instance, datetime.now(UTC)):
                logger.warning("sensor goes on, though its last tick lies ahead", extra={"sensor": name})
        threading.Thread(target=_watch_clock, args=(arguments,), name="clock", daemon=True).start()
    run_daemon()


def _watch_clock(arguments: list[str]) -> None:
    """Say when the clock was set; when it was set back, become a fresh process."""
    watch = ClockWatch()
    while True:
        now = datetime.now(UTC)
        step_s = watch.step_s(now, time.monotonic())
        if step_s:
            logger.warning(put_into_words(step_s, now))
        if step_s < 0:
            os.execv(sys.executable, [sys.executable, "-m", "hypersight_pipelines.daemon", *arguments])  # noqa: S606
        time.sleep(LOOK_S)


def release(instance: dg.DagsterInstance, now: datetime) -> list[str]:
    """Let sensors tick whose last tick lies in the future; return their names."""
    ahead = [state for state in instance.all_instigator_state() if _last_s(state) > now.timestamp() + AHEAD_S]
    for state in ahead:
        data = state.instigator_data
        if isinstance(data, SensorInstigatorData):
            instance.update_instigator_state(state.with_data(_since(data, now.timestamp())))
    return [state.instigator_name for state in ahead]


def _last_s(state: InstigatorState) -> float:
    data = state.instigator_data
    if not isinstance(data, SensorInstigatorData):
        return 0.0
    return max(data.last_tick_timestamp or 0.0, data.last_tick_start_timestamp or 0.0)


def _since(data: SensorInstigatorData, now_s: float) -> SensorInstigatorData:
    return SensorInstigatorData(
        last_tick_timestamp=min(data.last_tick_timestamp or 0.0, now_s) or None,
        last_run_key=data.last_run_key,
        min_interval=data.min_interval,
        cursor=data.cursor,
        last_tick_start_timestamp=min(data.last_tick_start_timestamp or 0.0, now_s) or None,
        last_sensor_start_timestamp=min(data.last_sensor_start_timestamp or 0.0, now_s) or None,
        sensor_type=data.sensor_type,
        last_tick_success_timestamp=min(data.last_tick_success_timestamp or 0.0, now_s) or None,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
