"""Thousands of clients at the faces websocket: what a viewer costs the API, and how late faces come."""

import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
from websockets.asyncio.client import connect

from hypersight_core.domain.faces import Face, FacesInFrame
from hypersight_core.live.wire import FRAME_TS_FORM, faces_message, message_text
from tests.serving import api_process

PROCESSES = 2
JOINING_AT_ONCE = 50
TOKEN = "load"  # noqa: S105 - of a server that lives for a minute
FACES, JPEG_BYTES = 2, 6000
"""Of a frame: two faces of about 100 × 100 pixels."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Viewers of one process."""

    port: int
    count: int
    until_s: float
    """On the machine's monotonic clock."""


def measure(url: str, viewers: int, frames_per_s: float, seconds: float) -> dict[str, Any]:
    """Show `frames_per_s` frames to all viewers for `seconds`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        api_process(url, Path(folder), HYPERSIGHT_LIVE_TOKEN=TOKEN) as api,
        ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        process = psutil.Process(api.process.pid)
        alone_mb = process.memory_info().rss / 1e6
        joined_by_s = time.monotonic() + 10 + viewers / 200
        audience = Audience(api.port, viewers // PROCESSES, joined_by_s + seconds + 2)
        parts = [pool.submit(_watch_all, audience) for _ in range(PROCESSES)]
        time.sleep(joined_by_s - time.monotonic())
        cpu_s = sum(process.cpu_times()[:2])
        sent = _send(api.port, frames_per_s, seconds)
        cpu_s = sum(process.cpu_times()[:2]) - cpu_s
        with_all_mb = process.memory_info().rss / 1e6
        late_s = [late for part in parts for late in part.result()]
    cuts = statistics.quantiles(late_s, n=100)
    return {
        "viewers": viewers,
        "frames_sent": sent,
        "received_share": round(len(late_s) / (sent * PROCESSES * audience.count), 4),
        "message_bytes": len(_message()),
        "api_cpu_us_per_message": round(1e6 * cpu_s / len(late_s), 1),
        "api_cores": round(cpu_s / seconds, 2),
        "api_kb_per_viewer": round(1000 * (with_all_mb - alone_mb) / viewers),
        "late_ms": {"median": round(1000 * cuts[49]), "p99": round(1000 * cuts[98])},
    }


def _message() -> str:
    face = Face(box_px=(10.0, 10.0, 110.0, 110.0), score=0.9, jpeg=os.urandom(JPEG_BYTES))
    seen = FacesInFrame(
        camera_id=1, camera_url="http://camera.invalid/", frame_at=datetime.now(UTC), faces=(face,) * FACES
    )
    return message_text(faces_message(seen))


def _send(port: int, frames_per_s: float, seconds: float) -> int:
    """Post frames as a watcher does; return how many."""
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    count = round(frames_per_s * seconds)
    began_s = time.monotonic()
    with httpx.Client(trust_env=False, timeout=30) as http:
        for number in range(count):
            time.sleep(max(0.0, began_s + number / frames_per_s - time.monotonic()))
            http.post(
                f"http://127.0.0.1:{port}/live/faces", content=_message(), headers=headers
            ).raise_for_status()
    time.sleep(max(0.0, began_s + seconds - time.monotonic()))
    return count


def _watch_all(audience: Audience) -> list[float]:
    """Look with many clients; return how late each message came, in seconds."""
    return asyncio.run(_audience(audience))


async def _audience(audience: Audience) -> list[float]:
    late_s: list[float] = []
    joining = asyncio.Semaphore(JOINING_AT_ONCE)
    await asyncio.gather(*(_viewer(audience, joining, late_s) for _ in range(audience.count)))
    return late_s


async def _viewer(audience: Audience, joining: asyncio.Semaphore, late_s: list[float]) -> None:
    async with joining:
        socket = await connect(f"ws://127.0.0.1:{audience.port}/faces", compression=None, open_timeout=60)
        await socket.send("client")
        await socket.recv()
    try:
        async with asyncio.timeout(audience.until_s - time.monotonic()):
            async for text in socket:
                at = datetime.strptime(json.loads(text)["frame_ts"], FRAME_TS_FORM).replace(tzinfo=UTC)
                late_s.append((datetime.now(UTC) - at).total_seconds())
    except TimeoutError:
        await socket.close()
