"""All pages; each has a module of its own beside this one."""

from litestar import Router
from litestar.di import Provide

from hypersight_api.pages import accounts, admin, camera, faces, operations, overview, sign_in
from hypersight_api.pages.shell import Shell

PAGES = (
    overview.get_overview,
    overview.get_cards,
    camera.get_camera_page,
    camera.get_camera_now,
    faces.get_faces_wall,
    operations.get_operations,
    operations.get_watchers,
    *admin.ADMIN_PAGES,
    *accounts.ACCOUNT_PAGES,
    sign_in.get_sign_in,
    sign_in.post_sign_in,
    sign_in.post_sign_out,
)


def pages_router(shell: Shell) -> Router:
    """Return the pages' routes; their errors are pages, too."""
    return Router(
        path="/",
        route_handlers=PAGES,
        dependencies={
            "asked": Provide(camera.asked_interval, sync_to_thread=False),
            "events_asked": Provide(camera.asked_events, sync_to_thread=False),
        },
        exception_handlers=shell.exception_handlers(),
    )
