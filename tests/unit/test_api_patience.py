"""Bodies that do not come."""

import asyncio
from typing import Any

import pytest
from litestar import Litestar, post
from litestar.params import RawBody

from hypersight_api.errors import EXCEPTION_HANDLERS
from hypersight_api.patience import BodyInTime

PART = {"type": "http.request", "body": b"[", "more_body": True}
REST = {"type": "http.request", "body": b"]", "more_body": False}


@post("/")
async def read(body: RawBody) -> str:
    """Answer with the body."""
    return body.decode()


async def asked(app: Litestar, *parts: dict[str, Any], pause_s: float) -> tuple[int, bytes]:
    """Send a request part by part, then nothing; return status and body of the answer."""
    coming, answer = list(parts), []

    async def receive() -> Any:
        await asyncio.sleep(pause_s if coming else 60)
        return coming.pop(0)

    async def send(message: Any) -> None:
        answer.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [],
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 9), "scheme": "http", "root_path": "",
        "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await app(scope, receive, send)  # type: ignore[arg-type]
    return answer[0]["status"], answer[1]["body"]


@pytest.mark.parametrize(
    ("parts", "pause_s", "status"),
    [((PART, REST), 0.0, 201), ((PART,), 0.0, 408), ((), 0.0, 408), ((PART,) * 50, 0.02, 408)],
)
def test_a_body_comes_in_time_or_is_not_waited_for(parts, pause_s, status):
    app = Litestar(
        [read], middleware=[BodyInTime(0.2)], exception_handlers=EXCEPTION_HANDLERS, logging_config=None
    )
    code, body = asyncio.run(asyncio.wait_for(asked(app, *parts, pause_s=pause_s), 10))
    assert code == status
    assert (b"did not come in time" in body) == (status == 408)
