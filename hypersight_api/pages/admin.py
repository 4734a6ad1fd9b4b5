"""`/admin`: cameras and processors, listed, added and changed; every change goes through the API."""

from typing import Any
from zoneinfo import available_timezones

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, FromQuery, SkipValidation

from hypersight_api.cameras.schemas import CameraIn, CameraOut
from hypersight_api.pages.shell import Shell
from hypersight_api.principals import AnyRequest, principal_of
from hypersight_api.processors.schemas import ProcessorIn, ProcessorOut
from hypersight_api.services import checked_id, now
from hypersight_api.status import reading
from hypersight_core.domain import choices
from hypersight_core.domain.zones import zones_json
from hypersight_core.processors.registry import Measure, kinds, measure_of
from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store

HERE = "/admin"
KIND_TEXTS = {
    "traffic": "Traffic: who passes into zones or over lines",
    "objects": "Persons: how many are there at any moment",
    "faces": "Faces: shown live, never stored",
}
NEW_CAMERA = CameraIn(name="", stream_url="")
NEW_PROCESSOR = ProcessorIn(kind="traffic")


@get("/admin", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_admin(store: NamedDependency[Store], shell: NamedDependency[SkipValidation[Shell]]) -> Response[str]:
    """All cameras with their processors, to switch, change or delete."""
    with store.transaction() as tx:
        found = cameras.list_cameras(tx)
        of_camera: dict[int, list[ProcessorOut]] = {one.camera_id: [] for one in found}
        for one in processors.list_processors(tx):
            of_camera[one.camera_id].append(ProcessorOut.of(one))
    states = {one.status.camera_id: one.status for one in reading.overview(store, now()).cameras}
    shown = [
        (CameraOut.of(one), states[one.camera_id], of_camera[one.camera_id])
        for one in found
        if one.camera_id in states
    ]
    return shell.page("admin.html", current=HERE, cameras=shown, kind_texts=KIND_TEXTS)


@get("/admin/cameras/new", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def get_new_camera(request: AnyRequest, shell: NamedDependency[SkipValidation[Shell]]) -> Response[str]:
    """A form for a new camera; whoever is limited to groups adds it to these."""
    values = {"camera": NEW_CAMERA, "camera_id": None, "groups": principal_of(request.scope).groups}
    return shell.page("admin_camera.html", current=HERE, **values | _camera_form())


@get(
    "/admin/cameras/{camera_id:int}", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True
)
def get_camera(
    store: NamedDependency[Store], shell: NamedDependency[SkipValidation[Shell]], camera_id: FromPath[int]
) -> Response[str]:
    """A form to change a camera, and its processors."""
    with store.transaction() as tx:
        camera = CameraOut.of(cameras.get_camera(tx, checked_id("camera", camera_id)))
        own = [ProcessorOut.of(one) for one in processors.list_processors(tx, camera_id)]
    values: dict[str, Any] = {
        "camera": camera,
        "camera_id": camera_id,
        "groups": camera.groups,
        "processors": own,
        "kind_texts": KIND_TEXTS,
    }
    return shell.page("admin_camera.html", current=HERE, **values | _camera_form())


@get(
    "/admin/cameras/{camera_id:int}/processors/new",
    media_type=MediaType.HTML,
    include_in_schema=False,
    sync_to_thread=True,
)
def get_new_processor(
    store: NamedDependency[Store], shell: NamedDependency[SkipValidation[Shell]], camera_id: FromPath[int]
) -> Response[str]:
    """A form for a new processor."""
    with store.transaction() as tx:
        camera = cameras.get_camera(tx, checked_id("camera", camera_id))
    values: dict[str, Any] = {"processor": NEW_PROCESSOR, "processor_id": None, "zones": []}
    return _processor_page(shell, CameraOut.of(camera), values, is_saved=False)


@get(
    "/admin/processors/{processor_id:int}",
    media_type=MediaType.HTML,
    include_in_schema=False,
    sync_to_thread=True,
)
def get_processor(
    store: NamedDependency[Store],
    shell: NamedDependency[SkipValidation[Shell]],
    processor_id: FromPath[int],
    saved: FromQuery[bool] = False,
) -> Response[str]:
    """A form to change a processor, with its zones drawn on a picture of now."""
    with store.transaction() as tx:
        found = processors.get_processor(tx, checked_id("processor", processor_id))
        camera = cameras.get_camera(tx, found.camera_id)
    values = {
        "processor": ProcessorOut.of(found),
        "processor_id": processor_id,
        "zones": zones_json(found.zones),
    }
    return _processor_page(shell, CameraOut.of(camera), values, is_saved=saved)


def _camera_form() -> dict[str, Any]:
    return {
        "time_zones": sorted(available_timezones()),
        "mosaic_help": choices.MOSAIC_HELP,
        "quality_help": choices.JPEG_QUALITY_HELP,
        "gate_help": choices.MOTION_GATE_HELP,
        "blur_help": choices.BLUR_HELP,
    }


def _processor_page(
    shell: Shell, camera: CameraOut, values: dict[str, Any], *, is_saved: bool
) -> Response[str]:
    known = [(one, KIND_TEXTS.get(one, one.capitalize())) for one in kinds()]
    can_try = [one for one in kinds() if measure_of(one) is not Measure.NOTHING]
    return shell.page(
        "admin_processor.html",
        current=HERE,
        camera=camera,
        kinds=known,
        can_try=can_try,
        is_saved=is_saved,
        **values,
    )


ADMIN_PAGES = (get_admin, get_new_camera, get_camera, get_new_processor, get_processor)
