"""`/faces-wall`: faces as they come, kept nowhere."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import SkipValidation

from hypersight_api.pages.shell import Shell
from hypersight_api.services import now
from hypersight_api.status import reading
from hypersight_core.store.engine import Store


@get("/faces-wall", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_faces_wall(
    store: NamedDependency[Store], shell: NamedDependency[SkipValidation[Shell]]
) -> Response[str]:
    """The live wall; its script listens to the websocket at `/faces`."""
    looking = [
        one
        for one in reading.overview(store, now()).cameras
        if any(processor.kind == "faces" and processor.enabled for processor in one.processors)
    ]
    names = {str(one.status.camera_id): one.status.name for one in looking}
    zones = {str(one.status.camera_id): one.status.time_zone for one in looking}
    return shell.page("faces.html", current="/faces-wall", cameras=looking, names=names, zones=zones)
