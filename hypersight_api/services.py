"""What handlers have in common."""

from datetime import UTC, datetime

from litestar.di import Provide

from hypersight_core.errors import NotFound

MAX_ID = 2**31 - 1


def providers(**services: object) -> dict[str, Provide]:
    """Return services, made once, as dependencies that handlers may name."""
    return {name: _constant(service) for name, service in services.items()}


def checked_id(kind: str, number: int) -> int:
    """Return `number` if the database could know it.

    Raises:
        NotFound: it is no id at all (not positive, or too large).
    """
    if not 1 <= number <= MAX_ID:
        raise NotFound(kind, number)
    return number


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def _constant(service: object) -> Provide:
    def provided() -> object:
        return service

    return Provide(provided, sync_to_thread=False)
