"""The API's description at `/schema`: JSON, YAML, and a page to try it from that needs no other site."""

from collections.abc import Sequence
from html import escape
from typing import Any

from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin, YamlRenderPlugin

from hypersight_api.pages.assets import Vendor

DESCRIPTION = """People metrics from live cameras: traffic, persons present, faces.

Every metric says its `coverage`: for how much of the interval the camera was really watched. A metric of
0 with little coverage means that nobody looked, not that nobody was there.
"""


def openapi_config(version: str, vendor: Vendor) -> OpenAPIConfig:
    """Return how the API describes itself."""
    return OpenAPIConfig(
        title="hypersight",
        version=version,
        description=DESCRIPTION,
        path="/schema",
        use_handler_docstrings=True,
        render_plugins=[LocalSwagger(vendor), JsonRenderPlugin(), YamlRenderPlugin()],
    )


class LocalSwagger(OpenAPIRenderPlugin):
    """Swagger UI from files on this machine; without them, links to the plain descriptions."""

    def __init__(self, vendor: Vendor, path: str | Sequence[str] = "/") -> None:
        super().__init__(path=path)
        self._vendor = vendor

    def render(
        self,
        request: Request[Any, Any, Any],  # noqa: ARG002 - the interface has it
        openapi_schema: dict[str, Any],
    ) -> bytes:
        """Return the page."""
        title = escape(str(openapi_schema["info"]["title"]))
        script, style = self._vendor.url("swagger-ui.js"), self._vendor.url("swagger-ui.css")
        links = '<a href="/schema/openapi.json">JSON</a> · <a href="/schema/openapi.yaml">YAML</a>'
        if script is None or style is None:
            head = ""
            body = f"<p>{links}</p><p>To try calls from here, run the set-up: <code>make setup</code></p>"
        else:
            head = f'<link rel="stylesheet" href="{style}"><script defer src="{script}"></script>'
            head += '<script type="module" src="/static/api_docs.js"></script>'
            body = '<div id="api-docs"></div>'
        page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} API</title>'
        page += '<meta name="viewport" content="width=device-width, initial-scale=1">'
        page += '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">'
        return f"{page}{head}</head><body>{body}</body></html>".encode()
