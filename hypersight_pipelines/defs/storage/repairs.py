"""Jobs for when something is to be put right by hand: sums made anew, records left on disk written."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import Field

from hypersight_core.errors import HypersightError, InvalidInput
from hypersight_core.operations.replay import Replayed, replay_spool
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store
from hypersight_core.store.rebuilding import rebuild

RUNNING = dg.DefaultScheduleStatus.RUNNING


class RebuildConfig(dg.Config):
    """Which time is summed up anew; metrics stay exact meanwhile, and are slower for that time."""

    start: str = Field(
        default="",
        description="From when, ISO 8601 (2026-03-01 or 2026-03-01T08:00+01:00; UTC without offset); "
        "empty: `days` before the end",
    )
    stop: str = Field(default="", description="Until when, as `start`; empty: now")
    days: float = Field(default=7.0, gt=0, description="How many days, where `start` is empty")

    def interval(self, now: datetime) -> tuple[datetime, datetime]:
        """Return both ends.

        Raises:
            InvalidInput: one of them is no time.
        """
        stop = _instant(self.stop) if self.stop else now
        return (_instant(self.start) if self.start else stop - timedelta(days=self.days)), stop


@dg.op
def sum_up_again(
    context: dg.OpExecutionContext, config: RebuildConfig, store: dg.ResourceParam[Store]
) -> None:
    """Make the sums of an interval anew from its rows."""
    try:
        done = rebuild(store, *config.interval(datetime.now(UTC)))
    except HypersightError as error:
        raise dg.Failure(f"nothing was summed up again: {error}", allow_retries=False) from error
    context.add_output_metadata(
        {
            "from": done.start_at.isoformat(), "to": done.stop_at.isoformat(),
            "hours_read_again": done.marked,
            "hours_summed_up": done.refresh.hours, "hours_refused": done.refresh.refused_hours,
            "took_s": round(done.refresh.took_s, 3),
        }
    )  # fmt: skip


@dg.job(
    executor_def=dg.in_process_executor,
    description=(
        "Makes hourly and daily sums anew from the events and observations of an interval: after rows were "
        "changed by hand, or when somebody doubts a figure. Launch it as it is for the last seven days."
    ),
)
def rebuild_rollups() -> None:
    """Hold the only step."""
    sum_up_again()


@dg.op
def write_what_waits(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """Write the records of dead watchers."""
    try:
        found = replay_spool(settings, f"replay of {context.run_id[:8]}")
    except HypersightError as error:
        raise dg.Failure(
            f"the spool was not replayed, its records stay on disk: {error}", allow_retries=False
        ) from error
    lines = [f"| {camera_id} | {_words(one)} |" for camera_id, one in found.items()]
    context.add_output_metadata(
        {
            "records_written": sum(one.written for one in found.values()),
            "records_known_already": sum(one.known for one in found.values()),
            "cameras": dg.MetadataValue.md("\n".join(["| camera | records |", "| --- | --- |", *lines])),
        }
    )


@dg.job(
    name="replay_spool",
    executor_def=dg.in_process_executor,
    description=(
        "Writes records that watchers left in var/spool when they died and that no successor has taken up: "
        "of cameras switched off or deleted since, for example. Live watchers keep theirs. Running it again "
        "changes nothing; hourly."
    ),
)
def replay_spool_files() -> None:
    """Hold the only step."""
    write_what_waits()


replaying = dg.ScheduleDefinition(job=replay_spool_files, cron_schedule="22 * * * *", default_status=RUNNING)


def _words(one: Replayed) -> str:
    if one.is_purged:
        return "the camera was purged: its files were removed"
    said = f"{one.written} written, {one.known} known already"
    if one.is_watched:
        return f"{said}; a live watcher writes the rest itself"
    return f"{said}; some cannot be read and stay, see the log" if one.is_unreadable else said


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no time: write 2026-03-01 or 2026-03-01T08:00:00+01:00") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
