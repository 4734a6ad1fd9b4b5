"""`/api/v1/cameras/{id}/validations` and `/api/v1/validations/{id}/…`."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from hypersight_api.services import checked_id
from hypersight_api.validations.schemas import MistakeOut, ValidationOut
from hypersight_core.store import cameras, validations
from hypersight_core.store.engine import Store

TAGS = ("validation",)


@get(
    "/api/v1/cameras/{camera_id:int}/validations",
    tags=TAGS,
    sync_to_thread=True,
    operation_id="ListValidations",
)
def list_validations(store: NamedDependency[Store], camera_id: FromPath[int]) -> list[ValidationOut]:
    """List how well a camera's processors counted films that people counted, the newest first."""
    with store.transaction() as tx:
        cameras.get_camera(tx, checked_id("camera", camera_id))
        return [ValidationOut.of(one) for one in validations.list_validations(tx, camera_id)]


@get(
    "/api/v1/validations/{validation_id:int}/mistakes",
    tags=TAGS,
    sync_to_thread=True,
    operation_id="ListMistakes",
)
def list_mistakes(store: NamedDependency[Store], validation_id: FromPath[int]) -> list[MistakeOut]:
    """List what was missed, and what was counted though nobody passed, in order of time."""
    with store.transaction() as tx:
        found = validations.mistakes(tx, checked_id("validation", validation_id))
    return [MistakeOut.of(one) for one in found]


@get(
    "/api/v1/validations/{validation_id:int}/picture.jpg",
    tags=TAGS,
    media_type="image/jpeg",
    sync_to_thread=True,
    operation_id="GetMistakesPicture",
)
def get_picture(store: NamedDependency[Store], validation_id: FromPath[int]) -> Response[bytes]:
    """Both counts over time, and the frames of the mistakes."""
    with store.transaction() as tx:
        jpeg = validations.picture(tx, checked_id("validation", validation_id))
    return Response(jpeg, media_type="image/jpeg", headers={"cache-control": "private, max-age=86400"})
