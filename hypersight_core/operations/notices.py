"""One round of noticing outages and telling people of them."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypersight_core.domain.links import camera_url, run_url
from hypersight_core.domain.outages import Outage, Turns, turns
from hypersight_core.errors import TargetUnavailable
from hypersight_core.messages.addresses import opened_targets
from hypersight_core.messages.pauses import pause_after
from hypersight_core.messages.target import Target
from hypersight_core.settings import Settings
from hypersight_core.store import outages
from hypersight_core.store.cameras import camera_names
from hypersight_core.store.engine import Store
from hypersight_core.store.health import read_plights
from hypersight_core.store.leases import read_leases

logger = logging.getLogger(__name__)

SEND_FOR_S = 20.0
"""How long one round may send; what is left is sent by the next."""
AT_ONCE = 5
TAKEN_FOR = timedelta(minutes=2)
"""A message is sent again when nobody has said by then what became of it: its round was killed."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=10)
GIVEN_UP_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    told: Sequence[str]
    """What people are told from now on, one sentence each."""
    sent: int
    failed: int
    """Attempts that did not arrive; they are repeated."""


def notice_and_tell(store: Store, settings: Settings, now: datetime) -> Round:
    """Compare cameras with what is known of outages, then send what is due.

    Both survive a restart at any moment: what is to be told is written together with what it is about.
    A message may arrive twice when a process ends while it is sent, with the same id.

    Raises:
        InvalidInput: an address of `notify_urls` is none.
        DatabaseUnavailable: the database does not answer.
    """
    with opened_targets(settings.notify_urls, settings.notify_secret, "HYPERSIGHT_NOTIFY_URLS") as targets:
        told = _notice(store, settings, targets, now)
        sent, failed = _send(store, targets, now)
    return Round(told, sent, failed)


def _notice(store: Store, settings: Settings, targets: Sequence[Target], now: datetime) -> list[str]:
    with store.transaction() as tx:
        if not outages.only_one(tx):
            return []
        grace = timedelta(seconds=settings.notify_after_s)
        found = turns(read_plights(tx), outages.open_outages(tx), now, grace)
        outages.begin_outages(tx, found.begun)
        outages.forget_outages(tx, found.forgotten)
        for outage in (*found.changed, *found.told, *found.ended):
            outages.change_outage(tx, outage)
        if not (found.told or found.ended):
            return []
        names = camera_names(tx)
        runs = {lease.camera_id: lease.run_id for lease in read_leases(tx)}
        bodies = _bodies(found, names, runs, settings, now)
        for outage_id, body in bodies:
            outages.add_notifications(tx, outage_id, (target.fingerprint for target in targets), body)
    return [body["text"] for _, body in bodies]


def _bodies(
    found: Turns, names: Mapping[int, str], runs: Mapping[int, str], settings: Settings, now: datetime
) -> list[tuple[int, dict[str, Any]]]:
    return [
        (
            one.outage_id,
            message(one, names.get(one.camera_id, ""), runs.get(one.camera_id, ""), settings, now),
        )
        for one in (*found.told, *found.ended)
    ]


def message(outage: Outage, name: str, run_id: str, settings: Settings, now: datetime) -> dict[str, Any]:
    """Return what is sent about an outage: facts, and one sentence as `text`, which chats show."""
    state = outage.ended_by.value if outage.ended_by else outage.condition.value
    lasted_s = round(((outage.ended_at or now) - outage.began_at).total_seconds())
    return {
        "type": f"camera.{state}",
        "timestamp": now.isoformat(),
        "text": _sentence(outage, name, lasted_s),
        "data": {
            "outage_id": outage.outage_id,
            "camera_id": outage.camera_id,
            "camera": name,
            "state": state,
            "reason": outage.reason,
            "began_at": outage.began_at.isoformat(),
            "ended_at": outage.ended_at.isoformat() if outage.ended_at else None,
            "lasted_s": lasted_s,
            "camera_url": camera_url(settings.page_url, outage.camera_id),
            "run_url": run_url(settings.dagster_url, run_id),
        },
    }


def _sentence(outage: Outage, name: str, lasted_s: int) -> str:
    who = f"Camera {outage.camera_id} ({name})"
    since = f"since {outage.began_at:%Y-%m-%d %H:%M:%S} UTC"
    if outage.ended_by is None:
        return f"{who} is not watched {since}. {outage.reason}"
    how = "is watched again" if outage.ended_by.value == "recovered" else "was switched off or deleted"
    return f"{who} {how}; it was not watched for {lasted_s} s, {since}. {outage.reason}"


def _send(store: Store, targets: Iterable[Target], now: datetime) -> tuple[int, int]:
    """Send what is due; return how many messages arrived, and how many did not."""
    by_target = {target.fingerprint: target for target in targets}
    ends_s = time.monotonic() + SEND_FOR_S
    sent = failed = 0
    while time.monotonic() < ends_s:
        with store.transaction() as tx:
            due = outages.due_notifications(tx, TAKEN_FOR, AT_ONCE)
        if not due:
            break
        for waiting in due:
            problem = _sent(by_target.get(waiting.target), waiting, now)
            sent, failed = sent + (not problem), failed + bool(problem)
            _settle(store, waiting, problem, now)
    return sent, failed


def _sent(target: Target | None, waiting: outages.Waiting, now: datetime) -> str:
    """Try once; return what went wrong, empty when it arrived."""
    if target is None:
        return NOT_WANTED
    try:
        target.tell_camera(f"msg_{waiting.notification_id}", waiting.body, now)
    except TargetUnavailable as error:
        logger.warning("nobody takes a notification", extra={"reason": str(error)})
        return str(error)
    return ""


def _settle(store: Store, waiting: outages.Waiting, problem: str, now: datetime) -> None:
    pause = pause_after(waiting.attempts - 1, FIRST_PAUSE, LONGEST_PAUSE)
    is_over = not problem or problem == NOT_WANTED or now - waiting.created_at > GIVEN_UP_AFTER
    with store.transaction() as tx:
        outages.settle_notification(
            tx, waiting.notification_id, problem=problem, again_in=None if is_over else pause
        )


NOT_WANTED = "its address is configured no more"
