"""`hypersight camera …`."""

from collections.abc import Iterable
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.table import Column, Table

from hypersight.database import opened_store
from hypersight_core.domain.cameras import Camera, CameraSettings
from hypersight_core.domain.choices import (
    BLUR_HELP,
    JPEG_QUALITY_HELP,
    MOSAIC_HELP,
    MOTION_GATE_HELP,
    MOTION_RECHECK_HELP,
)
from hypersight_core.errors import InvalidInput, SetupFailed
from hypersight_core.reach import Reach
from hypersight_core.redaction import redacted
from hypersight_core.sealing import SETTING, Keyring
from hypersight_core.settings import Settings
from hypersight_core.store import camera_secrets, cameras, processors

ROWS = Parameter(help=f"rows of the mosaic. {MOSAIC_HELP}")
COLS = Parameter(help="columns of the mosaic")
QUALITY, GATE = Parameter(help=JPEG_QUALITY_HELP), Parameter(help=MOTION_GATE_HELP)
RECHECK, BLUR = Parameter(help=MOTION_RECHECK_HELP), Parameter(help=BLUR_HELP)


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
        watch_rows: Annotated[int, ROWS] = 1,
        watch_cols: Annotated[int, COLS] = 1,
        jpeg_quality: Annotated[int, QUALITY] = 85,
        motion_gate: Annotated[bool, GATE] = False,
        motion_recheck_s: Annotated[float, RECHECK] = 10.0,
        enabled: bool = True,
        header: tuple[str, ...] = (),
        skip_loop_filter: bool = False,
        blur_persons: Annotated[bool, BLUR] = False,
        group: tuple[str, ...] = (),
    ) -> None:
        """Add a camera; it is watched as soon as it has a processor.

        Args:
            name: what people call it.
            stream_url: HLS, RTSP, RTMP, MJPEG, FLV, v4l2 or file URL; may hold user:password.
            watch_fps: frames per second to analyse, 0.2 to 30.
            time_zone: IANA name, for example Europe/Paris; days and hours are counted in it.
            enabled: whether to watch it now.
            header: `Name: value`, sent to the camera's host with HTTP requests; once for each.
            skip_loop_filter: decode cheaper; frames drift from what was sent until the next key frame.
            group: whose it is; accounts and tokens limited to one of its groups see it; once for each.
        """
        wanted = CameraSettings(
            name=name,
            stream_url=stream_url,
            watch_fps=watch_fps,
            watch_rows=watch_rows,
            watch_cols=watch_cols,
            jpeg_quality=jpeg_quality,
            motion_gate=motion_gate,
            motion_recheck_s=motion_recheck_s,
            time_zone=time_zone,
            enabled=enabled,
            http_headers=_headers(header),
            skip_loop_filter=skip_loop_filter,
            blur_persons=blur_persons,
            groups=group,
        )
        Reach.of(self._settings).check(stream_url)
        with opened_store(self._settings) as store, store.transaction() as tx:
            camera = cameras.create_camera(tx, Keyring.of(self._settings).sealed(wanted))
        self._console.print(f"camera {camera.camera_id} added; next: hypersight processor add --help")

    def list(self) -> None:
        """List the cameras."""
        # on a narrow terminal the longest column, the address, is folded, and the others stay readable
        table = Table("id", Column("name", min_width=10), Column("stream", overflow="fold"),
                      "watched", Column("time zone", overflow="fold"), "groups", "processors")  # fmt: skip
        with opened_store(self._settings) as store, store.transaction() as tx:
            for camera in cameras.list_cameras(tx):
                kinds = [
                    f"{one.processor_id} {one.kind}"
                    for one in processors.list_processors(tx, camera.camera_id)
                ]
                table.add_row(*_cells(camera), "\n".join(kinds) or "–")
        self._console.print(table)

    def change(  # noqa: PLR0913 - the options of a command line
        self,
        camera_id: int,
        /,
        *,
        watch_fps: float | None = None,
        watch_rows: Annotated[int | None, ROWS] = None,
        watch_cols: Annotated[int | None, COLS] = None,
        jpeg_quality: Annotated[int | None, QUALITY] = None,
        motion_gate: Annotated[bool | None, GATE] = None,
        motion_recheck_s: Annotated[float | None, RECHECK] = None,
        blur_persons: Annotated[bool | None, BLUR] = None,
        group: tuple[str, ...] = (),
        no_groups: Annotated[bool, Parameter(negative="")] = False,
    ) -> None:
        """Change how a camera is watched, from its next segment on; what is left out stays.

        Args:
            watch_fps: frames per second to analyse, 0.2 to 30.
            group: whose it is from now on, in the place of other groups; once for each.
            no_groups: take it out of all groups.
        """
        given = {
            "watch_fps": watch_fps, "watch_rows": watch_rows, "watch_cols": watch_cols,
            "jpeg_quality": jpeg_quality, "motion_gate": motion_gate, "motion_recheck_s": motion_recheck_s,
            "blur_persons": blur_persons,
            "groups": group if group or no_groups else None,
        }  # fmt: skip
        self._change(camera_id, **{name: value for name, value in given.items() if value is not None})

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

    def encrypt(self) -> None:
        """Encrypt passwords and headers of all cameras by the newest key, also those stored in the clear.

        The newest key is the first of HYPERSIGHT_SECRET_KEYS; older ones may go once this has run.
        """
        with opened_store(self._settings) as store, store.transaction() as tx:
            done = camera_secrets.seal_secrets(tx, Keyring.of(self._settings), renew=True)
        self._console.print(f"encrypted by the newest key: {done.written}")
        if done.unreadable:
            raise SetupFailed(
                f"no key fits the password or headers of camera {', '.join(done.unreadable)}",
                hint=f"add the key they were encrypted with to {SETTING}, or give their addresses anew",
            )

    def _change(self, camera_id: int, **changes: Any) -> None:
        with opened_store(self._settings) as store, store.transaction() as tx:
            before = cameras.get_camera(tx, camera_id, for_change=True)
            cameras.change_camera(tx, camera_id, before.settings(**changes))
        self._console.print(f"camera {camera_id}: {', '.join(f'{k} = {v}' for k, v in changes.items())}")


def _headers(lines: Iterable[str]) -> dict[str, str]:
    split = [line.partition(":") for line in lines]
    if not all(colon for _, colon, _ in split):
        raise InvalidInput("a header is written 'Name: value'")
    return {name.strip(): value.strip() for name, _, value in split}


def _cells(camera: Camera) -> tuple[str, ...]:
    watched = [f"{camera.watch_fps:g} fps", f"{camera.watch_rows}×{camera.watch_cols}"]
    if camera.motion_gate:
        watched.append(f"gate {camera.motion_recheck_s:g} s")
    return (
        str(camera.camera_id),
        camera.name,
        redacted(camera.stream_url),
        "\n".join(watched) if camera.enabled else "no",
        camera.time_zone,
        "\n".join(camera.groups) or "–",
    )
