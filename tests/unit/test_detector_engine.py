"""Many callers, one network: batches, a bounded line, failures that stay with their pictures."""

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from hypersight_detector.engine import Engine, Overloaded
from hypersight_detector.layouts import Boxes
from hypersight_detector.models import Picture


def boxes(score: float) -> Boxes:
    return Boxes(np.zeros((1, 4), np.float32), np.full(1, score, np.float32), np.zeros(1, np.int64))


class SlowNetwork:
    """Answers each picture's first byte as its score, once it is let go."""

    def __init__(self) -> None:
        self.may_run = threading.Event()
        self.batches: list[int] = []

    def find(self, pictures: Sequence[Picture]) -> list[Boxes]:
        self.batches.append(len(pictures))
        assert self.may_run.wait(10)
        levels = [int(picture[0, 0, 0]) for picture in pictures]
        if 13 in levels:
            raise RuntimeError("the network fell over")
        return [boxes(level) for level in levels]


def picture(level: int) -> Picture:
    return np.full((2, 2, 3), level, np.uint8)


async def started(engine: Engine, levels: Sequence[int]) -> "list[asyncio.Task[Boxes]]":
    tasks = [asyncio.create_task(engine.find(picture(level))) for level in levels]
    await asyncio.sleep(0.05)
    return tasks


def test_what_waits_goes_together_and_everyone_gets_the_own_answer():
    async def scenario() -> list[float]:
        network = SlowNetwork()
        engine = Engine(network, max_batch=3, max_waiting=16)
        first = await started(engine, [1])
        rest = await started(engine, [2, 3, 4, 5])
        network.may_run.set()
        found = await asyncio.gather(*first, *rest)
        await engine.close()
        assert network.batches == [1, 3, 1]
        return [float(one.scores[0]) for one in found]

    assert asyncio.run(scenario()) == [1, 2, 3, 4, 5]


def test_more_than_may_wait_are_refused_at_once():
    async def scenario() -> list[object]:
        network = SlowNetwork()
        engine = Engine(network, max_batch=1, max_waiting=2)
        tasks = await started(engine, [1])
        tasks += await started(engine, [2, 3, 4])
        assert [task.done() for task in tasks] == [False, False, False, True]
        network.may_run.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        await engine.close()
        return [type(one) for one in found]

    assert asyncio.run(scenario()) == [Boxes, Boxes, Boxes, Overloaded]


def test_a_failing_batch_does_not_end_the_service():
    async def scenario() -> float:
        network = SlowNetwork()
        network.may_run.set()
        engine = Engine(network)
        with pytest.raises(RuntimeError, match="fell over"):
            await engine.find(picture(13))
        found = await engine.find(picture(7))
        await engine.close()
        return float(found.scores[0])

    assert asyncio.run(scenario()) == 7


def test_callers_who_left_cost_nothing():
    async def scenario() -> list[int]:
        network = SlowNetwork()
        engine = Engine(network, max_batch=4)
        tasks = await started(engine, [1])
        gone = await started(engine, [2, 3])
        for task in gone:
            task.cancel()
        await asyncio.sleep(0)
        network.may_run.set()
        await asyncio.gather(*tasks)
        await engine.find(picture(9))
        await engine.close()
        return network.batches

    assert asyncio.run(scenario()) == [1, 1]
