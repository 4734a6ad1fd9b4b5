"""Routes of processors."""

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, RawBody

from hypersight_api.bodies import described, understood
from hypersight_api.processors.schemas import ProcessorChange, ProcessorIn, ProcessorOut
from hypersight_api.services import checked_id
from hypersight_core.domain.cameras import ProcessorSettings
from hypersight_core.errors import InvalidInput
from hypersight_core.processors import registry
from hypersight_core.store import cameras, processors
from hypersight_core.store.engine import Store


class ProcessorController(Controller):
    """Processors: list, add, read, change, delete."""

    path = "/api/v1"
    tags = ("processors",)

    @get("/cameras/{camera_id:int}/processors", sync_to_thread=True, operation_id="ListProcessors")
    def list_processors(self, store: NamedDependency[Store], camera_id: FromPath[int]) -> list[ProcessorOut]:
        """List the processors of a camera in the order they were added."""
        with store.transaction() as tx:
            cameras.get_camera(tx, checked_id("camera", camera_id))
            return [ProcessorOut.of(one) for one in processors.list_processors(tx, camera_id)]

    @post(
        "/cameras/{camera_id:int}/processors",
        sync_to_thread=True,
        operation_id="AddProcessor",
        operation_class=described(ProcessorIn),
    )
    def add_processor(
        self, store: NamedDependency[Store], camera_id: FromPath[int], body: RawBody
    ) -> ProcessorOut:
        """Add a processor to a camera; it counts from the next segment on."""
        settings = _of_known_kind(understood(body, ProcessorIn).settings())
        with store.transaction() as tx:
            added = processors.create_processor(tx, checked_id("camera", camera_id), settings)
        return ProcessorOut.of(added)

    @get("/processors/{processor_id:int}", sync_to_thread=True, operation_id="GetProcessor")
    def get_processor(self, store: NamedDependency[Store], processor_id: FromPath[int]) -> ProcessorOut:
        """Read one processor."""
        with store.transaction() as tx:
            return ProcessorOut.of(processors.get_processor(tx, checked_id("processor", processor_id)))

    @patch(
        "/processors/{processor_id:int}",
        sync_to_thread=True,
        operation_id="ChangeProcessor",
        operation_class=described(ProcessorChange),
    )
    def change_processor(
        self, store: NamedDependency[Store], processor_id: FromPath[int], body: RawBody
    ) -> ProcessorOut:
        """Change a processor: a new version from the next segment on; events say which version saw them."""
        change = understood(body, ProcessorChange)
        with store.transaction() as tx:
            before = processors.get_processor(tx, checked_id("processor", processor_id), for_change=True)
            after = processors.change_processor(tx, processor_id, change.applied_to(before))
        return ProcessorOut.of(after)

    @delete("/processors/{processor_id:int}", sync_to_thread=True, operation_id="DeleteProcessor")
    def delete_processor(
        self, store: NamedDependency[Store], processor_id: FromPath[int], purge: FromQuery[bool] = False
    ) -> None:
        """Delete a processor; its events stay until retention unless `purge` is true."""
        with store.transaction() as tx:
            processors.delete_processor(tx, checked_id("processor", processor_id), purge=purge)


def _of_known_kind(settings: ProcessorSettings) -> ProcessorSettings:
    if settings.kind not in registry.kinds():
        known = ", ".join(registry.kinds())
        raise InvalidInput(f"kind must be one of {known}, not {settings.kind!r}", field="kind")
    return settings
