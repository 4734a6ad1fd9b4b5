"""All pages; each has a module of its own beside this one."""

from litestar import Router

from hypersight_api.pages import overview, sign_in
from hypersight_api.pages.shell import Shell

PAGES = (overview.get_overview, sign_in.get_sign_in, sign_in.post_sign_in, sign_in.post_sign_out)


def pages_router(shell: Shell) -> Router:
    """Return the pages' routes; their errors are pages, too."""
    return Router(path="/", route_handlers=PAGES, exception_handlers=shell.exception_handlers())
