"""Where faces go that a watcher has brought: to the viewers of this process, or of all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypersight_api.faces.hub import FacesHub, Publish


@asynccontextmanager
async def relay(redis_url: str, hub: FacesHub) -> AsyncIterator[Publish]:
    """Yield what broadcasts a message to the viewers of every API process; no URL: to those of `hub`."""
    if not redis_url:
        yield _locally(hub)
        return
    # Its client loads much, OpenTelemetry for one, which most installations have no use for.
    from hypersight_api.faces.through_redis import through_redis

    async with through_redis(redis_url, hub) as publish:
        yield publish


def _locally(hub: FacesHub) -> Publish:
    async def publish(message: str) -> None:
        hub.broadcast(message)

    return publish
