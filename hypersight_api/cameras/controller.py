"""Routes under `/api/v1/cameras`."""

import asyncio

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, RawBody, SkipValidation
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED
from msgspec import UNSET

from hypersight_api.bodies import described, understood
from hypersight_api.cameras import connection
from hypersight_api.cameras.schemas import (
    CameraChange,
    CameraIn,
    CameraOut,
    ConnectionQuestion,
    ConnectionReport,
)
from hypersight_api.frames import pictures
from hypersight_api.principals import AnyRequest, principal_of
from hypersight_api.services import checked_id, now
from hypersight_api.status import reading
from hypersight_api.status.schemas import CameraStatus
from hypersight_core.domain.access import Principal
from hypersight_core.domain.cameras import Camera
from hypersight_core.errors import Conflict, NotFound, SourceUnavailable
from hypersight_core.reach import Reach
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings
from hypersight_core.store import cameras
from hypersight_core.store.engine import Store
from hypersight_core.store.leases import request_stop


class CameraController(Controller):
    """Cameras: list, add, read, change, delete, and look at."""

    path = "/api/v1/cameras"
    tags = ("cameras",)

    @get(sync_to_thread=True, operation_id="ListCameras")
    def list_cameras(self, store: NamedDependency[Store]) -> list[CameraOut]:
        """List all cameras in the order they were added."""
        with store.transaction() as tx:
            return [CameraOut.of(camera) for camera in cameras.list_cameras(tx)]

    @post(sync_to_thread=True, operation_id="AddCamera", operation_class=described(CameraIn))
    def add_camera(
        self,
        request: AnyRequest,
        store: NamedDependency[Store],
        reach: NamedDependency[SkipValidation[Reach]],
        keys: NamedDependency[SkipValidation[Keyring]],
        body: RawBody,
    ) -> CameraOut:
        """Add a camera; it is watched once it has an enabled processor.

        Whoever is limited to groups adds it to some of them, to all where `groups` is left out.
        """
        added = understood(body, CameraIn).settings(principal_of(request.scope))
        reach.check(added.stream_url)
        with store.transaction() as tx:
            return CameraOut.of(cameras.create_camera(tx, keys.sealed(added)))

    @post(
        "/test-connection",
        status_code=HTTP_200_OK,
        operation_id="TestConnection",
        operation_class=described(ConnectionQuestion),
    )
    async def test_connection(
        self,
        request: AnyRequest,
        store: NamedDependency[Store],
        settings: NamedDependency[SkipValidation[Settings]],
        reach: NamedDependency[SkipValidation[Reach]],
        body: RawBody,
    ) -> ConnectionReport:
        """Look at a stream before it is a camera: what it is, with a picture, or why it cannot be watched.

        Answers within twelve seconds, 503 while too many are being tested. Nothing is saved.
        """
        question = understood(body, ConnectionQuestion)
        known = await asyncio.to_thread(_camera, store, question.camera_id)
        camera = question.settings(known, principal_of(request.scope))
        await asyncio.to_thread(reach.check, camera.stream_url)
        return await connection.tested(settings, camera)

    @get("/{camera_id:int}", sync_to_thread=True, operation_id="GetCamera")
    def get_camera(self, store: NamedDependency[Store], camera_id: FromPath[int]) -> CameraOut:
        """Read one camera."""
        with store.transaction() as tx:
            return CameraOut.of(cameras.get_camera(tx, checked_id("camera", camera_id)))

    @patch(
        "/{camera_id:int}",
        sync_to_thread=True,
        operation_id="ChangeCamera",
        operation_class=described(CameraChange),
    )
    def change_camera(
        self,
        request: AnyRequest,
        store: NamedDependency[Store],
        reach: NamedDependency[SkipValidation[Reach]],
        keys: NamedDependency[SkipValidation[Keyring]],
        camera_id: FromPath[int],
        body: RawBody,
    ) -> CameraOut:
        """Change a camera; it takes effect within seconds, without a restart of anything.

        A `stream_url` sent back just as it was shown keeps the stored user and password. Whoever is limited
        to groups changes these only; a camera's other groups stay.
        """
        change, who = understood(body, CameraChange), principal_of(request.scope)
        if change.stream_url is not UNSET:
            _check_change(store, reach, checked_id("camera", camera_id), change, who)
        with store.transaction() as tx:
            before = cameras.get_camera(tx, checked_id("camera", camera_id), for_change=True)
            wanted = keys.sealed(change.applied_to(before, who), before)
            return CameraOut.of(cameras.change_camera(tx, camera_id, wanted))

    @delete("/{camera_id:int}", sync_to_thread=True, operation_id="DeleteCamera")
    def delete_camera(
        self, store: NamedDependency[Store], camera_id: FromPath[int], purge: FromQuery[bool] = False
    ) -> None:
        """Delete a camera and its processors; their events stay until retention unless `purge` is true."""
        with store.transaction() as tx:
            cameras.delete_camera(tx, checked_id("camera", camera_id), purge=purge)

    @get("/{camera_id:int}/status", sync_to_thread=True, operation_id="GetCameraStatus")
    def get_status(
        self,
        store: NamedDependency[Store],
        settings: NamedDependency[SkipValidation[Settings]],
        camera_id: FromPath[int],
    ) -> CameraStatus:
        """Say what a camera is doing: watched by a live process or not, since when, how far behind.

        An edit shows in `wanted_config` at once, and in `config` when it takes effect.
        """
        return reading.camera_status(store, checked_id("camera", camera_id), now(), settings.dagster_url)

    @post(
        "/{camera_id:int}/restart",
        status_code=HTTP_202_ACCEPTED,
        sync_to_thread=True,
        operation_id="RestartWatcher",
    )
    def restart_watcher(self, store: NamedDependency[Store], camera_id: FromPath[int]) -> CameraStatus:
        """Have a watcher replaced: it finishes the segment in hand, and a new one goes on within seconds.

        To stop it, disable the camera. 409 while nobody watches it.
        """
        status = reading.camera_status(store, checked_id("camera", camera_id), now())
        if status.watcher is None or status.run_id is None:
            raise Conflict(f"camera {camera_id} is not watched now, so there is no watcher to replace")
        with store.transaction() as tx:
            request_stop(tx, camera_id, status.run_id)
        return status

    @get("/{camera_id:int}/snapshot.jpg", media_type="image/jpeg", operation_id="GetSnapshot")
    async def get_snapshot(
        self,
        store: NamedDependency[Store],
        settings: NamedDependency[SkipValidation[Settings]],
        camera_id: FromPath[int],
        last: FromQuery[bool] = False,
    ) -> Response[bytes]:
        """Get the latest frame of a watched camera, else one taken now (within 12 seconds).

        With `last=true` a camera that does not respond is shown as it was last seen, up to a day ago.
        `X-Picture-Age-S` says how old the picture is, `X-Picture` whether it is `fresh` or the `last` one.
        """
        camera = await asyncio.to_thread(pictures.known_camera, store, camera_id)
        if camera is None:
            raise NotFound("camera", camera_id)
        taken = await pictures.latest(settings, camera, or_last=last)
        if taken is None:
            raise SourceUnavailable("the camera does not respond")
        headers = {
            "cache-control": "no-store",
            "x-picture-age-s": f"{taken.old_s:.0f}",
            "x-picture": "last" if taken.is_last else "fresh",
        }
        return Response(taken.jpeg, media_type="image/jpeg", headers=headers)


def _check_change(store: Store, reach: Reach, camera_id: int, change: CameraChange, who: Principal) -> None:
    """Refuse a new address that may not be watched; no transaction waits for its host's name."""
    with store.transaction() as tx:
        before = cameras.get_camera(tx, camera_id)
    wanted = change.applied_to(before, who)
    if wanted.stream_url != before.stream_url:
        reach.check(wanted.stream_url)


def _camera(store: Store, camera_id: int | None) -> Camera | None:
    if camera_id is None:
        return None
    with store.transaction() as tx:
        return cameras.get_camera(tx, checked_id("camera", camera_id))
