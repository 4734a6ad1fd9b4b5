"""Two sensors beside the supervisor: how cameras fare, for Dagster's UI; outages, for people elsewhere."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from hypersight_core.domain.health import CameraHealth
from hypersight_core.errors import InvalidInput
from hypersight_core.operations.notices import notice_and_tell
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store
from hypersight_core.store.health import read_health
from hypersight_pipelines.defs.cameras.assets import CAMERA, cameras, partition_key
from hypersight_pipelines.defs.cameras.checks import QUESTIONS, answer, check_cameras
from hypersight_pipelines.defs.cameras.metadata import camera_metadata
from hypersight_pipelines.defs.cameras.telling import Memory, Told, gist, is_due, remembered, worth_telling
from hypersight_pipelines.defs.watchers.tags import CAMERA_ID_TAG, KIND_TAG, WATCHER

A_DAY = timedelta(days=1)
MOST_RUNS = 5000
"""Runs of a day that are counted."""


@dg.sensor(
    job=check_cameras,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Writes once a minute how the cameras fare to the asset camera and its checks, and makes and removes "
        "its partitions. It starts no run."
    ),
)
def cameras_seen(
    context: dg.SensorEvaluationContext,
    store: dg.ResourceParam[Store],
    settings: dg.ResourceParam[Settings],
) -> dg.SensorResult:
    """Read how all cameras fare; tell what has changed and whose turn it is."""
    now = datetime.now(UTC)
    with store.transaction() as tx:
        found = {partition_key(one.camera): one for one in read_health(tx, now)}
    return told(context.instance, found, settings, remembered(context.cursor), now)


def told(
    instance: dg.DagsterInstance,
    found: Mapping[str, CameraHealth],
    settings: Settings,
    before: Memory,
    now: datetime,
) -> dg.SensorResult:
    """Put what is known into Dagster's words.

    Args:
        found: by partition.
    """
    known = instance.get_dynamic_partitions(CAMERA)
    new, gone = [key for key in found if key not in known], [key for key in known if key not in found]
    keys = worth_telling(found, before.cameras)
    starts = _starts(instance, now)
    events = [_event(key, found[key], starts, settings) for key in keys]
    by_hand = _run_by_hand(instance)
    written = {name: said for name, said in before.checks.items() if name not in by_hand}
    answers = dict(_answers(list(found.values()), settings, written, now))
    memory = Memory(
        cameras={
            key: Told(now.timestamp(), gist(found[key])) if key in keys else before.cameras[key]
            for key in found
            if key in keys or key in before.cameras
        },
        checks={**before.checks, **{one.check_name: said for one, said in answers.values()}},
    )
    return dg.SensorResult(
        asset_events=[*events, *(one for one, _ in answers.values())],
        dynamic_partitions_requests=[
            *([cameras.build_add_request(new)] if new else []),
            *([cameras.build_delete_request(gone)] if gone else []),
        ],
        cursor=str(memory),
        skip_reason=f"{len(found)} cameras: told of {len(keys)}, {len(answers)} checks written",
    )


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Notices cameras that should be watched and are not, and tells HYPERSIGHT_NOTIFY_URLS when that has "
        "lasted for HYPERSIGHT_NOTIFY_AFTER_S, and when it is over. It starts no run."
    ),
)
def camera_outages(store: dg.ResourceParam[Store], settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
    """Do one round; what is still to be sent waits in the database for the next."""
    try:
        done = notice_and_tell(store, settings, datetime.now(UTC))
    except InvalidInput as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    said = [*done.told, *([f"{done.sent} messages sent"] if done.sent else [])]
    waiting = [f"{done.failed} messages did not arrive and are sent again"] if done.failed else []
    return dg.SkipReason(" ".join([*said, *waiting]) or "nothing new")


def _event(
    key: str, one: CameraHealth, starts: Mapping[str, int], settings: Settings
) -> dg.AssetMaterialization | dg.AssetObservation:
    metadata = camera_metadata(
        one,
        starts.get(str(one.camera.camera_id), 0),
        page_url=settings.page_url,
        dagster_url=settings.dagster_url,
    )
    kind = dg.AssetMaterialization if one.state == "watching" else dg.AssetObservation
    return kind(CAMERA, partition=key, metadata=metadata, description=one.text)


def _answers(
    found: Sequence[CameraHealth], settings: Settings, before: Mapping[str, Told], now: datetime
) -> Iterator[tuple[str, tuple[dg.AssetCheckEvaluation, Told]]]:
    for question in QUESTIONS:
        said = answer(question, found, settings)
        count = said.metadata["cameras_with_a_problem"].value if said.metadata else 0
        what = f"{said.passed} {said.severity} {count}"
        if is_due(before.get(question.name), what, now):
            evaluation = dg.AssetCheckEvaluation(
                asset_key=dg.AssetKey(CAMERA),
                check_name=question.name,
                passed=said.passed,
                metadata=said.metadata,
                severity=said.severity,
                description=said.description,
            )
            yield question.name, (evaluation, Told(now.timestamp(), what))


def _run_by_hand(instance: dg.DagsterInstance) -> frozenset[str]:
    """Return the checks somebody ran since they were written here.

    Dagster takes what a run found out for outdated at the next materialization, a minute later.
    """
    keys = [dg.AssetCheckKey(dg.AssetKey(CAMERA), question.name) for question in QUESTIONS]
    newest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return frozenset(key.name for key, one in newest.items() if one.run_id)


def _starts(instance: dg.DagsterInstance, now: datetime) -> Mapping[str, int]:
    """Count the watchers that were started within a day, by camera."""
    begun = dg.RunsFilter(tags={KIND_TAG: WATCHER}, created_after=now - A_DAY)
    runs = instance.get_run_records(begun, limit=MOST_RUNS)
    return Counter(one.dagster_run.tags.get(CAMERA_ID_TAG, "") for one in runs)
