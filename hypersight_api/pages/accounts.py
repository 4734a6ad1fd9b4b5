"""`/accounts`: who may use this server, and what they did; every change goes through the API."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, SkipValidation

from hypersight_api.accounts.controller import Before, PartOf
from hypersight_api.accounts.schemas import AccountOut, TokenOut
from hypersight_api.pages.deed_words import DEEDS, deed, field_words
from hypersight_api.pages.shell import Shell
from hypersight_api.principals import AnyRequest, principal_of
from hypersight_api.services import checked_id, now
from hypersight_core.domain.access import Role, Scope
from hypersight_core.settings import Settings
from hypersight_core.store import access_tokens, accounts, audit, cameras
from hypersight_core.store.engine import Store

HERE = "/accounts"
ROLES = {
    Role.VIEWER: "Viewer: cameras and figures",
    Role.OPERATOR: "Operator: also faces and changes",
    Role.ADMIN: "Admin: also accounts and the log",
}
SCOPE_TEXTS = {
    Scope.METRICS_READ: "See cameras, pictures, figures and events",
    Scope.FACES_READ: "Follow the faces",
    Scope.CAMERAS_WRITE: "Add, change and delete cameras and processors",
    Scope.EVENTS_INGEST: "Bring faces, as watchers do",
    Scope.ACCOUNTS_WRITE: "Manage accounts and tokens, and read the log",
}
ENTRIES_A_PAGE = 50


@get(HERE, media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_accounts(
    request: AnyRequest,
    store: NamedDependency[Store],
    settings: NamedDependency[SkipValidation[Settings]],
    shell: NamedDependency[SkipValidation[Shell]],
) -> Response[str]:
    """All accounts, with their rights and when they signed in last."""
    with store.transaction() as tx:
        found = [AccountOut.of(one) for one in accounts.list_accounts(tx)]
    me = principal_of(request.scope)
    return shell.page("accounts.html", current=HERE, accounts=found, me=me, is_asked=bool(settings.api_token))


@get("/accounts/new", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def get_new_account(request: AnyRequest, shell: NamedDependency[SkipValidation[Shell]]) -> Response[str]:
    """A form for a new account."""
    return shell.page("account_form.html", current=HERE, account=None, **_choices(request))


@get("/accounts/{account_id:int}", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_account(
    request: AnyRequest,
    store: NamedDependency[Store],
    shell: NamedDependency[SkipValidation[Shell]],
    account_id: FromPath[int],
) -> Response[str]:
    """A form to change an account."""
    with store.transaction() as tx:
        found = AccountOut.of(accounts.get_account(tx, checked_id("account", account_id)))
    return shell.page("account_form.html", current=HERE, account=found, **_choices(request))


@get("/accounts/tokens", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_tokens(
    request: AnyRequest, store: NamedDependency[Store], shell: NamedDependency[SkipValidation[Shell]]
) -> Response[str]:
    """All tokens of programs, and a form to make one."""
    me = principal_of(request.scope)
    can_give = {one: words for one, words in SCOPE_TEXTS.items() if not me.is_limited or me.may(one)}
    return shell.page("tokens.html", current=HERE, scopes=can_give, groups=me.groups, **_tokens(store))


@get("/accounts/tokens/list", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_token_list(
    store: NamedDependency[Store], shell: NamedDependency[SkipValidation[Shell]]
) -> Response[str]:
    """The tokens, as the part of the page that changes."""
    return shell.page("token_list.html", **_tokens(store))


@get("/accounts/log", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=True)
def get_log(
    store: NamedDependency[Store],
    shell: NamedDependency[SkipValidation[Shell]],
    actor: PartOf = "",
    action: PartOf = "",
    before: Before = None,
) -> Response[str]:
    """Who did what and who followed faces, page by page."""
    with store.transaction() as tx:
        found = audit.list_entries(tx, ENTRIES_A_PAGE + 1, before, actor=actor, action=action)
        names = cameras.camera_names(tx)
    shown = [(one, deed(one.action), field_words(one.fields)) for one in found[:ENTRIES_A_PAGE]]
    older = found[ENTRIES_A_PAGE - 1].audit_id if len(found) > ENTRIES_A_PAGE else None
    values: dict[str, Any] = {"entries": shown, "names": names, "older": older, "is_first": before is None}
    values |= {"actor": actor, "action": action, "deeds": DEEDS}
    return shell.page("audit_log.html", current=HERE, **values)


def _choices(request: AnyRequest) -> dict[str, Any]:
    return {"roles": ROLES, "own_groups": principal_of(request.scope).groups}


def _tokens(store: Store) -> dict[str, Any]:
    with store.transaction() as tx:
        found = [TokenOut.of(one) for one in access_tokens.list_tokens(tx)]
    return {"tokens": found, "now": now()}


ACCOUNT_PAGES = (get_accounts, get_new_account, get_account, get_tokens, get_token_list, get_log)
