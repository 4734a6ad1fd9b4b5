"""What a scrape knows of all cameras, read in one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hypersight_core.domain.cameras import Camera, Processor
from hypersight_core.domain.health import idle_state
from hypersight_core.processors.registry import Measure, measure_of
from hypersight_core.store import cameras, metrics, processors, watching
from hypersight_core.store.engine import Store
from hypersight_core.store.failures import read_failures
from hypersight_core.store.leases import LeaseView, read_leases


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """A camera, its enabled processors, and its newest watcher."""

    camera: Camera
    processors: tuple[Processor, ...]
    lease: LeaseView | None
    """None: it was never watched."""
    is_failed: bool
    """Whether its watchers end badly again and again."""

    @property
    def labels(self) -> tuple[str]:
        """Values of the labels `CAMERA`."""
        return (str(self.camera.camera_id),)

    @property
    def is_wanted(self) -> bool:
        """Whether it should be watched."""
        return self.camera.enabled and bool(self.processors)

    @property
    def live(self) -> LeaseView | None:
        """The lease of a process that really watches."""
        return self.lease if self.lease is not None and self.lease.is_live else None

    @property
    def state(self) -> str:
        """What goes on, as the camera's status says it."""
        if self.live is not None:
            return self.live.state
        return idle_state(
            is_enabled=self.camera.enabled, has_processor=bool(self.processors), is_failed=self.is_failed
        )

    def of_measure(self, measure: Measure) -> tuple[Processor, ...]:
        """Return the processors whose events add up to this."""
        return tuple(one for one in self.processors if measure_of(one.kind) is measure)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything figures are made of."""

    cameras: tuple[CameraFacts, ...]
    present: Mapping[int, int]
    """Persons present by processor, where somebody looks."""
    written_seqs: Mapping[int, int]
    """The newest record in the database, by camera."""


def read_knowledge(store: Store) -> Knowledge:
    """Read it.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with store.transaction() as tx:
        leases = {lease.camera_id: lease for lease in read_leases(tx)}
        failures = read_failures(tx)
        enabled = [one for one in processors.list_processors(tx) if one.enabled]
        known = tuple(
            CameraFacts(
                camera,
                tuple(one for one in enabled if one.camera_id == camera.camera_id),
                leases.get(camera.camera_id),
                camera.camera_id in failures,
            )
            for camera in cameras.list_cameras(tx)
        )
        return Knowledge(known, metrics.present_now(tx, _counting(known)), watching.written_seqs(tx))


def _counting(known: Iterable[CameraFacts]) -> list[int]:
    """Return the processors whose persons present may be known.

    A watcher that lost its stream or its detector sees nothing: its last count is not said to be now's.
    """
    looked_at = [one for one in known if one.live is not None and one.live.state == "watching"]
    return [one.processor_id for facts in looked_at for one in facts.of_measure(Measure.PRESENCE)]
