"""`/`: all cameras at a glance."""

from pathlib import Path

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import SkipValidation

from hypersight_api.frames.pictures import left_at_s
from hypersight_api.pages.shell import Shell
from hypersight_api.services import now
from hypersight_api.status import reading
from hypersight_api.status.schemas import Overview
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store

FRAME_EVERY_S = 10
"""How often a card shows a newer frame."""


@get("/", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_overview(
    store: NamedDependency[Store],
    settings: NamedDependency[SkipValidation[Settings]],
    shell: NamedDependency[SkipValidation[Shell]],
) -> Response[str]:
    """Cameras, what they are doing, and their newest figures."""
    overview = reading.overview(store, now())
    return shell.page(
        "overview.html", current="/", overview=overview, frames=_frames(settings.var_dir, overview)
    )


@get("/overview/cards", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_cards(
    store: NamedDependency[Store],
    settings: NamedDependency[SkipValidation[Settings]],
    shell: NamedDependency[SkipValidation[Shell]],
) -> Response[str]:
    """The cards, as the part of the page that changes."""
    overview = reading.overview(store, now())
    return shell.page("overview_cards.html", overview=overview, frames=_frames(settings.var_dir, overview))


def _frames(var_dir: Path, overview: Overview) -> dict[int, str]:
    """Return where the newest frames are, by camera; the address changes when there is a newer one."""
    ids = [one.status.camera_id for one in overview.cameras]
    left_s = {camera_id: left_at_s(var_dir, camera_id) for camera_id in ids}
    return {
        camera_id: f"/api/v1/cameras/{camera_id}/last-frame.jpg?left={int(at_s) // FRAME_EVERY_S}"
        for camera_id, at_s in left_s.items()
        if at_s is not None
    }
