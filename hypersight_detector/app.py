"""The detectors' HTTP contracts over two engines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi import OpenAPIConfig

from hypersight_core.errors import InvalidInput
from hypersight_detector.engine import Engine, Overloaded
from hypersight_detector.layouts import Boxes
from hypersight_detector.models import Model, ModelConfig, decoded

MAX_BODY_BYTES = 32 * 1024 * 1024
RETRY_AFTER_S = 1
DIGITS = 5

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """One network behind one route."""

    config: ModelConfig
    engine: Engine
    side_px: int

    async def find(self, jpeg: bytes) -> tuple[Boxes, tuple[int, int]]:
        """Return what is on a JPEG, and its width and height in pixels.

        Raises:
            InvalidInput: these bytes are no JPEG picture.
            Overloaded: too many wait already.
        """
        picture, size_px = await asyncio.to_thread(decoded, jpeg, self.side_px)
        return await self.engine.find(picture), size_px


@post("/objects", status_code=200)
async def find_objects(request: AnyRequest, objects: NamedDependency[Served]) -> list[list[float]]:
    """Find persons on a JPEG picture.

    Answers rows of x_min, y_min, x_max, y_max, probability, class, best first; coordinates are relative to
    the picture, persons are class 0.
    """
    found, _ = await objects.find(await request.body())
    return rows(found)


@post("/faces", status_code=200)
async def find_faces(request: AnyRequest, faces: NamedDependency[Served]) -> dict[str, list[Any]]:
    """Find faces on a JPEG crop; boxes are in pixels of the crop."""
    found, (width, height) = await faces.find(await request.body())
    boxes_px = found.corners_rel.clip(0.0, 1.0) * [width, height, width, height]
    return {"boxes": boxes_px.round(1).tolist(), "conf": found.scores.astype(float).round(DIGITS).tolist()}


@get("/healthz", sync_to_thread=False)
def health(objects: NamedDependency[Served], faces: NamedDependency[Served]) -> dict[str, Any]:
    """Say that the detector is up, and with which networks."""
    return {"ok": True, "models": {"objects": objects.config.path.name, "faces": faces.config.path.name}}


def rows(found: Boxes) -> list[list[float]]:
    """Return boxes in the contract's form, best first."""
    order = (-found.scores).argsort(kind="stable")
    corners = found.corners_rel.astype(float).round(DIGITS)
    scores = found.scores.astype(float).round(DIGITS)
    return [[*corners[one].tolist(), scores[one].item(), int(found.classes[one])] for one in order]


def create_app(
    objects: ModelConfig, faces: ModelConfig, *, threads: int = 1, max_batch: int = 4, max_waiting: int = 32
) -> Litestar:
    """Load both networks and build the application.

    Raises:
        SetupFailed: a network cannot be loaded.
    """
    served = {
        name: _served(config, threads, max_batch, max_waiting)
        for name, config in {"objects": objects, "faces": faces}.items()
    }

    @asynccontextmanager
    async def close_engines(_: Litestar) -> AsyncIterator[None]:
        yield
        for one in served.values():
            await one.engine.close()

    return Litestar(
        route_handlers=[find_objects, find_faces, health],
        dependencies={name: _provided(one) for name, one in served.items()},
        exception_handlers={InvalidInput: _refused, Overloaded: _busy},
        lifespan=[close_engines],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=OpenAPIConfig(title="hypersight reference detector", version="1", render_plugins=[]),
    )


def _served(config: ModelConfig, threads: int, max_batch: int, max_waiting: int) -> Served:
    model = Model(config, threads=threads)
    return Served(config, Engine(model, max_batch=max_batch, max_waiting=max_waiting), model.side_px)


def _provided(served: Served) -> Provide:
    return Provide(lambda: served, sync_to_thread=False)


def _refused(_: AnyRequest, error: InvalidInput) -> Response[dict[str, str]]:
    return Response({"error": str(error)}, status_code=400)


def _busy(_: AnyRequest, error: Overloaded) -> Response[dict[str, str]]:
    return Response({"error": str(error)}, status_code=503, headers={"retry-after": str(RETRY_AFTER_S)})
