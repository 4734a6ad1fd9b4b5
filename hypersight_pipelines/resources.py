"""Resources that several subjects share."""

from collections.abc import Iterator

import dagster as dg

from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store


def store_resource(settings: Settings) -> dg.ResourceDefinition:
    """Make the resource `store`: open for one tick or step, so that idle code servers hold no connection."""

    @dg.resource
    def store(_: dg.InitResourceContext) -> Iterator[Store]:
        opened = Store(settings.database_url, application_name="hypersight pipelines", pool_size=1)
        try:
            yield opened
        finally:
            opened.close()

    return store
