"""The API's description at `/schema`: JSON, YAML, and a page to read it and to try calls from."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import OpenAPI, OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Schema

from hypersight_api.errors import PROBLEMS, is_of_the_field
from hypersight_api.pages.api_docs import groups, shapes
from hypersight_api.pages.shell import Shell
from hypersight_api.principals import known_principal

DESCRIPTION = """People metrics from live cameras: traffic, persons present, faces.

Every metric says its `coverage`: for how much of the interval the camera was really watched. A metric of
0 with little coverage means that nobody looked, not that nobody was there.
"""


PROBLEM = Schema(
    type=OpenAPIType.OBJECT,
    title="Problem",
    description="RFC 9457 problem details",
    properties={
        "type": Schema(type=OpenAPIType.STRING),
        "title": Schema(type=OpenAPIType.STRING),
        "status": Schema(type=OpenAPIType.INTEGER),
        "detail": Schema(type=OpenAPIType.STRING),
        "errors": Schema(type=OpenAPIType.ARRAY, description="Which fields it is about"),
    },
    required=["type", "title", "status", "detail"],
)
FAILURE = Schema(
    type=OpenAPIType.OBJECT,
    title="Failure",
    properties={"err": Schema(const=True), "msg": Schema(type=OpenAPIType.STRING)},
    required=["err", "msg"],
)


class _Description(OpenAPI):
    """Described as it is asked for: every start of an API would wait a fifth of a second for it."""

    def to_schema(self) -> dict[str, Any]:
        """Return it as JSON, errors as they are."""
        _describe_errors(self)
        return super().to_schema()


class _Config(OpenAPIConfig):
    def to_openapi_schema(self) -> OpenAPI:
        """Return what the framework fills with our calls."""
        begun = super().to_openapi_schema()
        return _Description(**{one.name: getattr(begun, one.name) for one in fields(begun)})


def _describe_errors(described: OpenAPI) -> None:
    """Say of every call how its errors look; what the framework says of them is true of its own only."""
    for path, item in (described.paths or {}).items():
        media_type, schema = ("application/json", FAILURE) if is_of_the_field(path) else (PROBLEMS, PROBLEM)
        content = {media_type: OpenAPIMediaType(schema=schema)}
        for operation in (item.get, item.post, item.put, item.patch, item.delete):
            if operation is not None and operation.responses is not None:
                for status in [one for one in operation.responses if one >= "400"]:
                    del operation.responses[status]
                operation.responses["default"] = OpenAPIResponse(description="Why not", content=content)


def openapi_config(version: str, shell: Shell) -> OpenAPIConfig:
    """Return how the API describes itself."""
    return _Config(
        title="hypersight",
        version=version,
        description=DESCRIPTION,
        path="/schema",
        use_handler_docstrings=True,
        render_plugins=[DocsPage(shell), JsonRenderPlugin(), YamlRenderPlugin()],
    )


class DocsPage(OpenAPIRenderPlugin):
    """The description as one of our pages, since others cannot be used by keyboard and screen reader."""

    def __init__(self, shell: Shell, path: str | Sequence[str] = "/") -> None:
        super().__init__(path=path)
        self._shell = shell

    def render(
        self,
        request: Request[Any, Any, Any],
        openapi_schema: dict[str, Any],
    ) -> bytes:
        """Return the page."""
        return (
            self._shell.seen_by(known_principal(request.scope))
            .html(
                "api_docs.html",
                current="/schema",
                description=openapi_schema["info"]["description"].strip().split("\n\n"),
                groups=groups(openapi_schema),
                shapes=shapes(openapi_schema),
            )
            .encode()
        )
