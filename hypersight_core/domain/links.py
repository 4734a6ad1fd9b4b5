"""Addresses that lead people from one page to the other."""

from uuid import UUID


def run_url(dagster_url: str, run_id: str) -> str | None:
    """Return where a run is shown in the Dagster UI; None where nobody said, or it is none of Dagster's."""
    try:
        UUID(run_id)
    except ValueError:
        return None
    return f"{dagster_url.rstrip('/')}/runs/{run_id}" if dagster_url else None


def camera_url(page_url: str, camera_id: int) -> str | None:
    """Return where a camera is shown on the page; None where nobody said its address."""
    return f"{page_url.rstrip('/')}/cameras/{camera_id}" if page_url else None
