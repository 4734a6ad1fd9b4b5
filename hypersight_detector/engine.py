"""Pictures of many callers through one network: waiting in a bounded line, run in batches."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from hypersight_core.errors import Unavailable
from hypersight_detector.layouts import Boxes
from hypersight_detector.models import Picture

logger = logging.getLogger(__name__)

_Waiting = tuple[Picture, asyncio.Future[Boxes]]


class Network(Protocol):
    """What is run: pictures in, boxes out, one thread at a time."""

    def find(self, pictures: Sequence[Picture]) -> list[Boxes]:
        """Return what is on each picture."""
        ...


class Overloaded(Unavailable):
    """More pictures wait already than can be served in time."""


class Engine:
    """Runs one network in a thread of its own; what arrives while it is busy goes in the next batch.

    Args:
        max_batch: pictures that go through the network together.
        max_waiting: pictures that may wait; more are refused.
    """

    def __init__(self, network: Network, *, max_batch: int = 4, max_waiting: int = 32) -> None:
        self._network, self._max_batch = network, max_batch
        self._line: asyncio.Queue[_Waiting] = asyncio.Queue(max_waiting)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._worker: asyncio.Task[None] | None = None

    async def find(self, picture: Picture) -> Boxes:
        """Return what is on a picture.

        Raises:
            Overloaded: too many wait already.
        """
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        answer: asyncio.Future[Boxes] = asyncio.get_running_loop().create_future()
        try:
            self._line.put_nowait((picture, answer))
        except asyncio.QueueFull as error:
            raise Overloaded(f"{self._line.maxsize} pictures wait already") from error
        return await answer

    async def close(self) -> None:
        """End the worker; pictures that still wait are not answered."""
        if self._worker is not None:
            self._worker.cancel()
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self._line.get()]
            while len(batch) < self._max_batch and not self._line.empty():
                batch.append(self._line.get_nowait())
            wanted = [one for one in batch if not one[1].cancelled()]
            if not wanted:
                continue
            try:
                found = await loop.run_in_executor(
                    self._thread, self._network.find, [picture for picture, _ in wanted]
                )
            except Exception as error:  # noqa: BLE001 - handed to those who wait
                for _, answer in wanted:
                    _settle(answer, error)
            else:
                for (_, answer), boxes in zip(wanted, found, strict=True):
                    _settle(answer, boxes)


def _settle(answer: "asyncio.Future[Boxes]", outcome: Boxes | Exception) -> None:
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
