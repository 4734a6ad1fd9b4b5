"""Builds the ASGI application: every dependency of a handler is decided here."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.compression import CompressionConfig

from hypersight_api.access import Access, SignInFirst, to_sign_in
from hypersight_api.accounts import controller as access
from hypersight_api.cameras.controller import CameraController
from hypersight_api.deeds import RecordDeeds
from hypersight_api.door import Door
from hypersight_api.errors import EXCEPTION_HANDLERS
from hypersight_api.faces import controller as faces
from hypersight_api.faces.hub import FacesHub
from hypersight_api.faces.relay import relay
from hypersight_api.field import controller as field
from hypersight_api.frames import controller as frames
from hypersight_api.frames.blurring import PictureFiles
from hypersight_api.frames.previews import Previews
from hypersight_api.frames.upkeep import keep_tidy
from hypersight_api.headers import add_headers
from hypersight_api.heads import answering_heads
from hypersight_api.health import controller as health
from hypersight_api.health.prometheus import CountRequests, Figures
from hypersight_api.heat.controller import get_heat_map
from hypersight_api.limits import Limits, limited
from hypersight_api.measures.controller import MeasureController
from hypersight_api.openapi import openapi_config
from hypersight_api.outages.controller import list_outages
from hypersight_api.pages import files
from hypersight_api.pages.assets import Vendor
from hypersight_api.pages.routes import pages_router
from hypersight_api.pages.shell import Shell, seen_shell
from hypersight_api.patience import BodyInTime
from hypersight_api.principals import Principals
from hypersight_api.processors.controller import ProcessorController
from hypersight_api.reads import Reads
from hypersight_api.services import providers
from hypersight_api.sessions import Sessions
from hypersight_api.status.controller import get_status
from hypersight_api.traces import TraceRequests
from hypersight_api.validations import controller as validations
from hypersight_api.zones import controller as zones
from hypersight_core.reach import Reach
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store
from hypersight_core.traces.begin import API, traced
from hypersight_core.version import VERSION

MAX_BODY_BYTES = 1_000_000
DATABASE_CONNECTIONS, THREADS = 10, 16
"""The store may open twice its connections when busy, so no thread ever waits for one in vain."""
PACKED_ALREADY = [r"\.jpg$", r"\.ts$", "^/live/"]
HANDLERS = (
    field.post_traffic,
    field.post_objects,
    field.get_status_watch,
    field.post_get_frame,
    frames.get_frame,
    frames.get_last_frame,
    frames.get_preview,
    faces.watch_faces,
    faces.bring_faces,
    health.get_healthz,
    health.get_readyz,
    health.get_metrics,
    get_status,
    list_outages,
    access.AccountController,
    access.TokenController,
    access.list_audit,
    access.get_me,
    CameraController,
    ProcessorController,
    MeasureController,
    zones.check_zones,
    zones.try_zones,
    get_heat_map,
    validations.list_validations,
    validations.list_mistakes,
    validations.get_picture,
    files.get_static,
    files.get_vendor,
)


def create_app(settings: Settings) -> Litestar:
    """Build the application for one API process.

    The database may be away: then readiness says so, and calls that need it answer 503.

    Raises:
        InvalidInput: the database URL is none, or the rules of where cameras may lead cannot be read.
    """
    store = Store(settings.database_url, application_name="hypersight api", pool_size=DATABASE_CONNECTIONS)
    hub = FacesHub()
    reads = Reads(store, settings, DATABASE_CONNECTIONS)
    figures = Figures(store, settings, reads.replica)
    vendor = Vendor(settings.cache_dir)
    shell = Shell(vendor, settings.dagster_url)
    sessions, principals = Sessions(settings.api_token), Principals(store)
    picture_files = PictureFiles(settings.var_dir, store)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
        stopping = asyncio.Event()
        tidying = asyncio.create_task(keep_tidy(settings.var_dir, store, stopping))
        looking = asyncio.create_task(reads.keep_looking(stopping))
        with traced(settings.otel_exporter_otlp_endpoint, API):
            async with relay(settings.redis_url, hub) as app.state.publish:
                yield
        stopping.set()
        await tidying
        await looking
        store.close()

    app = Litestar(
        route_handlers=[*HANDLERS, pages_router(shell)],
        dependencies={
            "store": limited(lambda: store),
            "reads": limited(reads.chosen),
            "shell": seen_shell(shell),
        }
        | providers(
            settings=settings,
            hub=hub,
            figures=figures,
            vendor=vendor,
            picture_files=picture_files,
            previews=Previews(picture_files, store),
            principals=principals,
            reach=Reach.of(settings),
            keys=Keyring.of(settings),
            door=Door(settings, store, sessions, principals),
            replica=reads.replica,
        ),
        middleware=[
            *([TraceRequests()] if settings.otel_exporter_otlp_endpoint else []),
            CountRequests(figures),
            Access(settings, sessions, principals),
            Limits(store),
            RecordDeeds(store),
            BodyInTime(),
        ],
        exception_handlers={**EXCEPTION_HANDLERS, SignInFirst: to_sign_in},
        before_send=[add_headers],
        compression_config=CompressionConfig(
            "brotli", brotli_quality=5, brotli_gzip_fallback=True, exclude=PACKED_ALREADY
        ),
        lifespan=[lifespan],
        openapi_config=openapi_config(VERSION, shell),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )
    app.asgi_handler = answering_heads(app.asgi_handler)  # before any route says which methods it has
    return app
