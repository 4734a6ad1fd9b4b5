"""Telling others of events, each at least once and in order; counting knows nothing of it."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypersight_core.errors import TargetUnavailable
from hypersight_core.messages.addresses import opened_targets
from hypersight_core.messages.pauses import pause_after
from hypersight_core.messages.target import Target
from hypersight_core.settings import Settings
from hypersight_core.store import outbox
from hypersight_core.store.engine import Store

logger = logging.getLogger(__name__)

AT_ONCE = 200
"""Events in one message of a webhook, or acknowledged together by a broker."""
LOOK_AGAIN_S = 1.0
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one address's events."""

    sent: int = 0
    skipped: int = 0
    """Of them it was said that they are never told."""
    problem: str = ""
    """Why the newest attempt did not arrive; empty when it did."""


def tell_events(store: Store, settings: Settings, for_s: float) -> list[Told]:
    """Tell all addresses of `event_urls` what happened, for some time, each by itself.

    A batch may arrive twice, when a process ends while it is sent or when its acknowledgement gets lost.

    Raises:
        InvalidInput: an address is none.
        DatabaseUnavailable: the database does not answer.
    """
    until_s = time.monotonic() + for_s
    with opened_targets(settings.event_urls, settings.notify_secret, "HYPERSIGHT_EVENT_URLS") as targets:
        with store.transaction() as tx:
            outbox.subscribe(tx, [target.fingerprint for target in targets])
        with ThreadPoolExecutor(max(1, len(targets)), thread_name_prefix="events") as beside:
            return list(beside.map(lambda target: _tell(store, target, until_s), targets))


def _tell(store: Store, target: Target, until_s: float) -> Told:
    sent = skipped = 0
    problem = ""
    while True:
        with store.transaction() as tx:
            batch = outbox.take(tx, target.fingerprint, AT_ONCE)
        if batch is not None:
            problem = _sent(store, target, batch)
            if not problem:
                sent, skipped = sent + len(batch.events), skipped + batch.skipped
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            return Told(sent, skipped, problem)
        if batch is None:
            time.sleep(min(LOOK_AGAIN_S, left_s))


def _sent(store: Store, target: Target, batch: outbox.Batch) -> str:
    """Try once; return what went wrong, empty when it arrived."""
    try:
        target.tell_events(batch.events, batch.skipped, datetime.now(UTC))
    except TargetUnavailable as error:
        logger.warning("nobody takes events", extra={"reason": str(error)})
        pause = pause_after(batch.failures, FIRST_PAUSE, LONGEST_PAUSE)
        with store.transaction() as tx:
            outbox.failed(tx, batch, str(error), pause)
        return str(error)
    with store.transaction() as tx:
        outbox.told(tx, batch)
    if batch.skipped:
        logger.warning("events were never told", extra={"count": batch.skipped})
    return ""
