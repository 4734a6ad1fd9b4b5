"""`hypersight camera …`."""

from dataclasses import fields, replace
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from hypersight.database import opened_store
from hypersight_core.domain.cameras import Camera, CameraSettings
from hypersight_core.domain.choices import MOSAIC_HELP
from hypersight_core.redaction import redacted
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, processors


class CameraCommands:
    """Cameras: the streams that are watched."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def add(  # noqa: PLR0913 - the options of a command line
        self,
        name: str,
        stream_url: str,
        /,
        *,
        watch_fps: float = 2.0,
        time_zone: str = "UTC",
        watch_rows: Annotated[int, Parameter(help=f"rows of the mosaic. {MOSAIC_HELP}")] = 1,
        watch_cols: Annotated[int, Parameter(help="columns of the mosaic")] = 1,
        enabled: bool = True,
    ) -> None:
        """Add a camera; it is watched as soon as it has a processor.

        Args:
            name: what people call it.
            stream_url: HLS playlist, RTSP, RTMP, MJPEG or file URL; may hold user:password.
            watch_fps: frames per second to analyse, 0.2 to 30.
            time_zone: IANA name, for example Europe/Paris; days and hours are counted in it.
            enabled: whether to watch it now.
        """
        wanted = CameraSettings(
            name=name,
            stream_url=stream_url,
            watch_fps=watch_fps,
            watch_rows=watch_rows,
            watch_cols=watch_cols,
            time_zone=time_zone,
            enabled=enabled,
        )
        with opened_store(self._settings) as store, store.transaction() as tx:
            camera = cameras.create_camera(tx, wanted)
        self._console.print(f"camera {camera.camera_id} added; next: hypersight processor add --help")

    def list(self) -> None:
        """List the cameras."""
        table = Table("id", "name", "stream", "fps", "mosaic", "time zone", "enabled", "processors")
        with opened_store(self._settings) as store, store.transaction() as tx:
            for camera in cameras.list_cameras(tx):
                kinds = [
                    f"{one.processor_id} {one.kind}"
                    for one in processors.list_processors(tx, camera.camera_id)
                ]
                table.add_row(*_cells(camera), ", ".join(kinds) or "–")
        self._console.print(table)

    def enable(self, camera_id: int, /) -> None:
        """Watch a camera again."""
        self._change(camera_id, enabled=True)

    def disable(self, camera_id: int, /) -> None:
        """Stop watching a camera; its numbers stay."""
        self._change(camera_id, enabled=False)

    def delete(self, camera_id: int, /, *, purge: bool = False) -> None:
        """Delete a camera.

        Args:
            purge: delete what it counted, too; otherwise that stays until its retention ends.
        """
        with opened_store(self._settings) as store, store.transaction() as tx:
            cameras.delete_camera(tx, camera_id, purge=purge)
        self._console.print(f"camera {camera_id} deleted")

    def _change(self, camera_id: int, **changes: Any) -> None:
        with opened_store(self._settings) as store, store.transaction() as tx:
            before = cameras.get_camera(tx, camera_id)
            same = {field.name: getattr(before, field.name) for field in fields(CameraSettings)}
            cameras.change_camera(tx, camera_id, replace(CameraSettings(**same), **changes))
        self._console.print(f"camera {camera_id}: {', '.join(f'{k} = {v}' for k, v in changes.items())}")


def _cells(camera: Camera) -> tuple[str, ...]:
    return (
        str(camera.camera_id),
        camera.name,
        redacted(camera.stream_url),
        f"{camera.watch_fps:g}",
        f"{camera.watch_rows}×{camera.watch_cols}",
        camera.time_zone,
        "yes" if camera.enabled else "no",
    )
