"""The undisturbed run over the same footage: what every number should be."""

import threading
from dataclasses import dataclass, field

from hypersight.simulator import CameraSimulator
from hypersight_core.domain.cameras import Camera, Processor, WatchPlan
from hypersight_core.domain.events import Event
from hypersight_core.processors.interface import FoundFaces, Services
from hypersight_core.video.jpeg import encode_jpeg
from hypersight_core.video.source import Gap, open_source
from hypersight_core.watcher.loop import SegmentLoop
from tests.chaos.street import StreetFinder

LONGEST_WAIT_S = 60.0


@dataclass
class Control:
    """Watches the same film through the same code, with nothing in between that could fail."""

    simulator: CameraSimulator
    camera: Camera
    processors: tuple[Processor, ...]
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._missed: list[Gap] = []
        self._thread = threading.Thread(target=self._run, name="control")

    def __enter__(self) -> "Control":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._missed:
            raise AssertionError(f"the undisturbed run missed something: {self._missed}")

    def _run(self) -> None:
        plan = WatchPlan(camera=self.camera, processors=self.processors)
        services = Services(lambda _: FoundFaces((), ()), encode_jpeg, lambda _: None)
        loop = SegmentLoop(
            plan, StreetFinder(), services, outputs=None, max_lag_s=LONGEST_WAIT_S, stop=self._stop
        )
        loop.configure(plan)
        source = open_source(self.simulator.url, stop=self._stop.is_set)
        try:
            for piece in source.pieces():
                if isinstance(piece, Gap):
                    self._missed.append(piece)
                    continue
                record = loop.segment(piece)
                self.events.extend(record.events if record is not None else ())
        finally:
            source.close()
            loop.close()
