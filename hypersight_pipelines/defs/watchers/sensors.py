"""The sensor that keeps one run alive for every camera that should be watched."""

import time
from dataclasses import replace

import dagster as dg

from hypersight_core.domain.links import camera_url
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings
from hypersight_core.store.camera_secrets import seal_secrets
from hypersight_core.store.changes import listening
from hypersight_core.store.engine import Store
from hypersight_pipelines.defs.watchers.actions import summary
from hypersight_pipelines.defs.watchers.jobs import watch_camera
from hypersight_pipelines.defs.watchers.pods import WatcherPods
from hypersight_pipelines.defs.watchers.pulses import Pulses
from hypersight_pipelines.defs.watchers.rounds import carry_out, look
from hypersight_pipelines.defs.watchers.supervision import reconcile
from hypersight_pipelines.defs.watchers.tags import CAMERA_ID_TAG, CAMERA_TAG, KIND_TAG, PAGE_TAG, WATCHER

LOOK_FOR_S = 44.0
"""How long one tick keeps looking. Dagster begins ticks at multiples of 5 s and gives each 60 s: short ones
would leave up to half of all moments unseen, these leave a second in 45."""
PAUSE_S = 1.0
"""Between two looks when nobody notifies: a process that was killed tells nobody."""
NO_PODS = WatcherPods()


@dg.sensor(
    job=watch_camera,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Compares the cameras that should be watched with the watchers that really live (their leases in the "
        "database), then launches, replaces and stops runs. A tick that does nothing is shown as skipped."
    ),
)
def watcher_supervisor(
    context: dg.SensorEvaluationContext,
    store: dg.ResourceParam[Store],
    settings: dg.ResourceParam[Settings],
    pods: dg.ResourceParam[WatcherPods],
) -> dg.SensorResult:
    """Look again and again, at once after a change; end the tick as soon as there is something to launch.

    Passwords of cameras that came by SQL are encrypted first.
    """
    with store.transaction() as tx:
        seal_secrets(tx, Keyring.of(settings))
    return supervise(store, context.instance, LOOK_FOR_S, settings.page_url, pods)


def supervise(
    store: Store,
    instance: dg.DagsterInstance,
    look_for_s: float,
    page_url: str = "",
    pods: WatcherPods = NO_PODS,
) -> dg.SensorResult:
    """Do rounds for `look_for_s` (at least one); return what to launch, or what else was done and seen.

    A round follows each change of configuration at once, and the one before after a second.

    Args:
        page_url: where people reach the page; runs carry a link to their camera there.
    """
    ends_at_s = time.monotonic() + look_for_s
    said: list[str] = []
    pulses = Pulses()
    with listening(store) as changes:
        while True:
            seen, names = look(store, instance)
            silent_s = pulses.silent_s(seen.leases, time.monotonic())
            seen = replace(seen, silent_s=silent_s, launch_grace_s=pods.launch_grace_s)
            actions = reconcile(seen)
            carry_out(actions, store, instance)
            said.append(summary(actions))
            if actions.launch:
                wanted = [(one, names.get(one, "")) for one in actions.launch]
                return dg.SensorResult(run_requests=[request(*one, page_url, pods) for one in wanted])
            left_s = ends_at_s - time.monotonic()
            if left_s <= 0 or actions.is_stopping:
                break
            changes.wait(min(PAUSE_S, left_s))
    unlike = dict.fromkeys(filter(None, said))
    return dg.SensorResult(skip_reason="; ".join(unlike) or f"{len(seen.desired)} cameras, nothing to do")


def request(camera_id: int, name: str, page_url: str, pods: WatcherPods) -> dg.RunRequest:
    """Ask for a run that watches one camera; no run key, the same camera is launched many times."""
    tags = {KIND_TAG: WATCHER, CAMERA_ID_TAG: str(camera_id), CAMERA_TAG: name, **pods.tags(name)}
    page = camera_url(page_url, camera_id)
    return dg.RunRequest(
        tags=tags | ({PAGE_TAG: page} if page else {}),
        run_config={"ops": {"watch": {"config": {"camera_id": camera_id}}}},
    )
