"""How all cameras fare, read in one transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hypersight_core.domain.cameras import Camera, ConfigVersion
from hypersight_core.domain.health import CameraHealth, idle_state, state_words
from hypersight_core.domain.metrics import Coverage
from hypersight_core.domain.outages import Plight
from hypersight_core.redaction import redacted_text
from hypersight_core.store import cameras, processors
from hypersight_core.store.failures import WatcherFailure, read_failures
from hypersight_core.store.leases import LeaseView, read_leases
from hypersight_core.store.watching import desired_cameras

COVERED = timedelta(hours=1)
IN_HAND = timedelta(seconds=30)
"""The newest segments are not written yet: coverage is judged up to so long ago."""
COUNTED = timedelta(minutes=10)


def read_health(tx: Connection, now: datetime) -> list[CameraHealth]:
    """Return how each camera fares, in the order they were added."""
    found = cameras.list_cameras(tx)
    wanted = desired_cameras(tx)
    versions: dict[int, dict[str, int]] = {}
    for one in processors.list_processors(tx):
        if one.enabled:
            versions.setdefault(one.camera_id, {})[str(one.processor_id)] = one.version
    leases = {lease.camera_id: lease for lease in read_leases(tx)}
    failures = read_failures(tx)
    until = now - IN_HAND
    since = {
        one.camera_id: min(max(until - COVERED, wanted.get(one.camera_id, until - COVERED)), until)
        for one in found
    }
    figures = _figures(tx, since, now)
    return [
        CameraHealth(
            camera=camera,
            at=now,
            is_wanted=camera.camera_id in wanted,
            wanted_since=wanted.get(camera.camera_id),
            wanted_config=ConfigVersion(camera.camera_version, versions.get(camera.camera_id, {})),
            **_watcher(
                camera,
                leases.get(camera.camera_id),
                failures.get(camera.camera_id),
                has_processor=camera.camera_id in versions,
            ),
            **figures[camera.camera_id],
        )
        for camera in found
    ]


def read_plights(tx: Connection) -> list[Plight]:
    """Return how each camera is, for those who are told of outages."""
    wanted = desired_cameras(tx)
    leases = {lease.camera_id: lease for lease in read_leases(tx)}
    failures = read_failures(tx)
    found = []
    for camera in cameras.list_cameras(tx):
        camera_id = camera.camera_id
        said = _watcher(
            camera, leases.get(camera_id), failures.get(camera_id), has_processor=camera_id in wanted
        )
        reason = f"{state_words(said['state'])}: {said['detail']}" if said["detail"] else ""
        found.append(
            Plight.of(
                camera_id,
                said["state"],
                is_wanted=camera_id in wanted,
                reason=redacted_text(reason or state_words(said["state"])),
            )
        )
    return found


def _watcher(
    camera: Camera, lease: LeaseView | None, failure: WatcherFailure | None, *, has_processor: bool
) -> dict[str, Any]:
    if lease is not None and lease.is_live:
        return {
            "state": lease.state, "detail": lease.detail, "is_live": True, "run_id": lease.run_id,
            "position_at": lease.position_at, "lag_s": lease.lag_s, "config": lease.config,
            "detectors": lease.figures.detectors if lease.figures else {},
        }  # fmt: skip
    return {
        "state": idle_state(
            is_enabled=camera.enabled, has_processor=has_processor, is_failed=failure is not None
        ),
        "detail": failure.reason if failure else "",
        "run_id": failure.run_id if failure else lease.run_id if lease else "",
        "position_at": lease.position_at if lease else None,
    }


def _figures(tx: Connection, since: Mapping[int, datetime], now: datetime) -> dict[int, dict[str, Any]]:
    """Return what was measured, as values of `CameraHealth` by camera.

    Args:
        since: from when on coverage is asked for, by camera.
    """
    asked = {
        "camera_id": list(since), "covered_from": list(since.values()), "covered_to": now - IN_HAND,
        "counted_from": now - COUNTED, "now": now,
    }  # fmt: skip
    minutes = COUNTED.total_seconds() / 60
    return {
        row.camera_id: {
            "coverage": _coverage(row.watched_s, since[row.camera_id], now - IN_HAND),
            "seen_until": row.seen_until,
            "written_at": row.written_at,
            "events_a_minute": row.events / minutes,
            "frames_wanted": row.wanted,
            "frames_missed": row.missed or {},
        }
        for row in tx.execute(_MEASURED, asked)
    }


def _coverage(watched_s: float, start: datetime, stop: datetime) -> Coverage:
    interval_s = (stop - start).total_seconds()
    return Coverage(min(watched_s, interval_s), interval_s)


_MEASURED = sa.text("""
SELECT asked.camera_id, watched_seconds(asked.camera_id, asked.covered_from, :covered_to) AS watched_s,
       seen_until(asked.camera_id, :now + interval '1 hour') AS seen_until, saved.written_at,
       (SELECT count(*) FROM processor
        CROSS JOIN LATERAL (SELECT FROM processor_event
                            WHERE processor_event.processor_id = processor.processor_id
                              AND ts > :counted_from AND ts <= :now OFFSET 0) AS event
        WHERE processor.camera_id = asked.camera_id) AS events,
       coalesce(seen.wanted, 0) AS wanted, seen.missed
FROM unnest(CAST(:camera_id AS int[]), CAST(:covered_from AS timestamptz[]))
     AS asked (camera_id, covered_from)
LEFT JOIN watcher_checkpoint AS saved USING (camera_id)
LEFT JOIN LATERAL (
  SELECT sum(wanted)::int AS wanted, jsonb_object_agg(reason, missed) FILTER (WHERE missed > 0) AS missed
  FROM (SELECT coalesce(reason, '') AS reason, sum(frames_wanted) AS wanted,
               sum(frames_wanted - frames_detected) FILTER (WHERE reason IS NOT NULL) AS missed
        FROM observation WHERE camera_id = asked.camera_id AND from_at >= :counted_from AND from_at < :now
        GROUP BY 1) AS by_reason
) AS seen ON true
""")
