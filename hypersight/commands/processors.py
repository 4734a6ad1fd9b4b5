"""`hypersight processor …`."""

from rich.console import Console
from rich.table import Table

from hypersight.database import opened_store
from hypersight_core.domain.cameras import Anchor, ProcessorSettings
from hypersight_core.domain.zones import parse_zones
from hypersight_core.errors import InvalidInput
from hypersight_core.processors import registry
from hypersight_core.settings import Settings
from hypersight_core.store import processors


class ProcessorCommands:
    """Processors: what is calculated on a camera."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings, self._console = settings, console

    def add(  # noqa: PLR0913 - the options of a command line
        self,
        camera_id: int,
        kind: str,
        /,
        *,
        zones: str = "",
        threshold: float = 0.4,
        anchor: Anchor = Anchor.CENTER,
        output_hls: bool = False,
        best_view: bool = False,
        name: str = "",
    ) -> None:
        """Add a processor to a camera.

        Args:
            camera_id: as `hypersight camera list` shows it.
            kind: traffic, objects or faces.
            zones: polygons in frame-relative coordinates, '[[[0.1, 0.2], [0.5, 0.2], [0.5, 0.9]]]';
                two points make a directed line; none: the whole frame (not for traffic).
            threshold: least detection confidence, 0 to 1.
            anchor: the point of a person that counts: center or feet.
            output_hls: make its annotated preview always, not only while somebody looks.
            best_view: for faces: the best view of each person once a second, not every face of every frame.
            name: what people call it.
        """
        if kind not in registry.kinds():
            raise InvalidInput(f"no such kind: {kind!r}; there are {', '.join(registry.kinds())}")
        wanted = ProcessorSettings(
            kind=kind,
            zones=parse_zones(zones) if zones else (),
            threshold=threshold,
            anchor=anchor,
            output_hls=output_hls,
            best_view=best_view,
            name=name,
        )
        with opened_store(self._settings) as store, store.transaction() as tx:
            processor = processors.create_processor(tx, camera_id, wanted)
        self._console.print(f"processor {processor.processor_id} added to camera {camera_id}")

    def list(self, camera_id: int | None = None, /) -> None:
        """List the processors, of one camera or of all.

        Args:
            camera_id: leave out for all cameras.
        """
        table = Table("id", "camera", "kind", "name", "zones", "threshold", "anchor", "preview", "version")
        with opened_store(self._settings) as store, store.transaction() as tx:
            for one in processors.list_processors(tx, camera_id):
                table.add_row(
                    str(one.processor_id),
                    str(one.camera_id),
                    one.kind,
                    one.name,
                    str(len(one.zones)) if one.zones else "whole frame",
                    f"{one.threshold:g}",
                    one.anchor.value,
                    "yes" if one.output_hls else "no",
                    str(one.version),
                )
        self._console.print(table)

    def delete(self, processor_id: int, /, *, purge: bool = False) -> None:
        """Delete a processor.

        Args:
            purge: delete what it counted, too; otherwise that stays until its retention ends.
        """
        with opened_store(self._settings) as store, store.transaction() as tx:
            processors.delete_processor(tx, processor_id, purge=purge)
        self._console.print(f"processor {processor_id} deleted")
