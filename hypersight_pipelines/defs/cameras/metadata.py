"""How a camera fares, as Dagster shows it beside a partition."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from hypersight_core.domain.cameras import ConfigVersion
from hypersight_core.domain.figures import DetectorFigures, Outcome
from hypersight_core.domain.health import CameraHealth
from hypersight_core.domain.links import camera_url, run_url
from hypersight_core.redaction import redacted_text


def camera_metadata(one: CameraHealth, starts: int, *, page_url: str, dagster_url: str) -> Mapping[str, Any]:
    """Return what an operator wants to know, in the order it is read.

    Args:
        starts: watchers that were started for it within a day.
    """
    page, run = camera_url(page_url, one.camera.camera_id), run_url(dagster_url, one.run_id)
    return {
        "state": one.text,
        **({"detail": redacted_text(one.detail)} if one.detail else {}),
        **({"last_observation": dg.MetadataValue.timestamp(one.seen_until)} if one.seen_until else {}),
        **({"lag_s": round(one.lag_s, 1)} if one.lag_s is not None else {}),
        "coverage_last_hour": round(one.coverage.share, 4),
        "events_a_minute": round(one.events_a_minute, 2),
        "watcher_starts_24h": starts,
        **{f"frames_{reason}_10_min": count for reason, count in sorted(one.frames_missed.items())},
        **{
            name: value
            for found, figures in sorted(one.detectors.items())
            for name, value in _detector(found, figures)
        },
        "config": _config(one.config or one.wanted_config),
        **({"edit_waits_for_next_segment": _config(one.wanted_config)} if one.is_edit_waiting else {}),
        **({"page": dg.MetadataValue.url(page)} if page else {}),
        **({"run": dg.MetadataValue.url(run)} if run else {}),
        "log": f"logs/watcher-{one.camera.camera_id}.log",
    }


def _detector(found: str, figures: DetectorFigures) -> list[tuple[str, Any]]:
    answered = figures.outcomes.get(Outcome.ANSWERED, 0)
    failed = 1 - answered / figures.requests if figures.requests else 0.0
    median = [] if figures.median_s is None else [(f"detector_{found}_median_s", round(figures.median_s, 3))]
    return [*median, (f"detector_{found}_failed_share", round(failed, 4))]


def _config(version: ConfigVersion) -> str:
    processors = ", ".join(f"processor {key} version {value}" for key, value in version.processors.items())
    return f"camera version {version.camera}, {processors or 'no processor'}"
