"""`POST /api/v1/zones/check` and `POST /api/v1/cameras/{id}/try-zones`."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody, SkipValidation
from litestar.status_codes import HTTP_200_OK

from hypersight_api.bodies import described, understood
from hypersight_api.services import checked_id, now
from hypersight_api.zones import trying
from hypersight_api.zones.schemas import TrialQuestion, TrialReport, ZonesQuestion, ZonesReport
from hypersight_core.settings import Settings
from hypersight_core.store import cameras
from hypersight_core.store.engine import Store

TAGS = ("zones",)


@post(
    "/api/v1/zones/check",
    status_code=HTTP_200_OK,
    tags=TAGS,
    sync_to_thread=True,
    operation_id="CheckZones",
    operation_class=described(ZonesQuestion),
)
def check_zones(body: RawBody) -> ZonesReport:
    """Look at zones in either form without saving them: what is wrong with which, and where."""
    return trying.checked(understood(body, ZonesQuestion).zones)


@post(
    "/api/v1/cameras/{camera_id:int}/try-zones",
    status_code=HTTP_200_OK,
    tags=TAGS,
    sync_to_thread=True,
    operation_id="TryZones",
    operation_class=described(TrialQuestion),
)
def try_zones(
    store: NamedDependency[Store],
    settings: NamedDependency[SkipValidation[Settings]],
    camera_id: FromPath[int],
    body: RawBody,
) -> TrialReport:
    """Say what zones would have counted in the last ten minutes, by the very same counting; saves nothing.

    Works on the positions of persons that the camera's watcher keeps for ten minutes, so `faces` cannot be
    tried, and the first seconds know nothing of who came before.
    """
    wanted = understood(body, TrialQuestion).settings()
    with store.transaction() as tx:
        camera = cameras.get_camera(tx, checked_id("camera", camera_id))
    return trying.trial(settings.var_dir, camera, wanted, now())
