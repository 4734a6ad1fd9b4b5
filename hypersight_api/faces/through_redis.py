"""Carries faces from the API process a watcher reached to the viewers of all of them, through Redis."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from hypersight_api.faces.hub import FacesHub, Publish
from hypersight_core.errors import InvalidInput

logger = logging.getLogger(__name__)

CHANNEL = "hypersight:faces"
TIMEOUT_S = 2.0
AGAIN_AFTER_S = 1.0
PING_EVERY_S = 5.0
"""A Redis that went without a word is noticed after this and the time-out."""


@asynccontextmanager
async def through_redis(redis_url: str, hub: FacesHub) -> AsyncIterator[Publish]:
    """Yield what broadcasts a message to the viewers of every API process.

    While Redis is away messages reach the viewers of this process only. Nothing is kept anywhere: Redis
    hands a message to those who listen and forgets it.
    """
    redis = _client(redis_url)
    listening = asyncio.create_task(_listen(redis, hub))
    try:
        yield _through(redis, hub)
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await redis.aclose()


def _client(redis_url: str) -> Redis:
    try:
        return Redis.from_url(
            redis_url,
            socket_connect_timeout=TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),  # a connection that Redis closed is found out only by using it
        )
    except ValueError as error:
        raise InvalidInput(
            "HYPERSIGHT_REDIS_URL cannot be read; it looks like redis://user:password@host:6379/0"
        ) from error


def _through(redis: Redis, hub: FacesHub) -> Publish:
    async def publish(message: str) -> None:
        try:
            await redis.publish(CHANNEL, message)
        except (RedisError, OSError) as error:
            logger.warning("faces reach this process's viewers only", extra={"reason": str(error)})
            hub.broadcast(message)

    return publish


async def _listen(redis: Redis, hub: FacesHub) -> None:
    while True:
        try:
            await _pass_on(redis, hub)
        except (RedisError, OSError) as error:
            logger.warning("Redis is away, asking again", extra={"reason": str(error)})
        await asyncio.sleep(AGAIN_AFTER_S)


async def _pass_on(redis: Redis, hub: FacesHub) -> None:
    async with redis.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(CHANNEL)
        while True:
            message = await channel.get_message(timeout=PING_EVERY_S)
            if message is None:
                await channel.ping()
            elif message["type"] == "message":
                hub.broadcast(message["data"].decode())
