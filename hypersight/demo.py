"""The demo's cameras: real footage, played as live streams, with zones on its walkways."""

from collections.abc import Mapping
from dataclasses import dataclass

from hypersight_core.domain.cameras import Camera, CameraSettings, ProcessorSettings
from hypersight_core.domain.zones import Zone
from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store

PEDESTRIANS, FACE = "Demo: walkway", "Demo: face"
PEDESTRIANS_FPS = 7.0
"""True rate of the PETS09-S2L1 footage; its file says 10."""

WALKWAY = Zone(((0.38, 0.29), (0.62, 0.27), (0.70, 0.50), (0.42, 0.47)), "walkway")
ROAD = Zone(((0.74, 0.36), (0.88, 0.38), (0.88, 0.62), (0.74, 0.58)), "road")


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """One camera with its processors."""

    settings: CameraSettings
    processors: tuple[ProcessorSettings, ...]


def demo_cameras(urls: Mapping[str, str]) -> tuple[DemoCamera, ...]:
    """Return what the demo watches.

    Args:
        urls: stream address by camera name, for `PEDESTRIANS` and `FACE`.
    """
    return (
        DemoCamera(
            CameraSettings(name=PEDESTRIANS, stream_url=urls[PEDESTRIANS], watch_fps=3.5),
            (
                ProcessorSettings(kind="traffic", name="Traffic", zones=(WALKWAY, ROAD), output_hls=True),
                ProcessorSettings(kind="objects", name="Persons", output_hls=True),
            ),
        ),
        DemoCamera(
            CameraSettings(name=FACE, stream_url=urls[FACE], watch_fps=1.0),
            (ProcessorSettings(kind="faces", name="Faces", output_hls=True),),
        ),
    )


def ensure(store: Store, urls: Mapping[str, str]) -> list[Camera]:
    """Create the demo's cameras on the first start; later only follow their streams to new ports.

    What somebody changed (zones, rates, names of processors, switched off) stays as it is.
    """
    with store.transaction() as tx:
        known = {camera.name: camera for camera in cameras.list_cameras(tx)}
        ensured = []
        for wanted in demo_cameras(urls):
            camera = known.get(wanted.settings.name)
            if camera is None:
                camera = cameras.create_camera(tx, wanted.settings)
                for processor in wanted.processors:
                    processors.create_processor(tx, camera.camera_id, processor)
            elif camera.stream_url != wanted.settings.stream_url:
                moved = camera.settings(stream_url=wanted.settings.stream_url)
                camera = cameras.change_camera(tx, camera.camera_id, moved)
            ensured.append(camera)
    return ensured
