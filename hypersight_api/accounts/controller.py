"""Routes of accounts, tokens and the audit log."""

from datetime import timedelta
from typing import Annotated, Any

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, RawBody, SkipValidation
from msgspec import UNSET, UnsetType

from hypersight_api.accounts.schemas import (
    AccountChange,
    AccountOut,
    AuditOut,
    Me,
    NewAccount,
    NewToken,
    TokenMade,
    TokenOut,
)
from hypersight_api.bodies import PLAIN_TEXT, described, understood
from hypersight_api.principals import AnyRequest, Principals, principal_of
from hypersight_api.services import checked_id, now
from hypersight_core import passwords
from hypersight_core.domain.access import SCOPES
from hypersight_core.store import access_tokens, accounts, audit
from hypersight_core.store.engine import Store

Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many at most")]
Before = Annotated[int | None, QueryParameter(description="Those before this `audit_id`, to page on")]

PartOf = Annotated[
    str, QueryParameter(max_length=200, pattern=PLAIN_TEXT, description="Those alone in which this is a part")
]


class AccountController(Controller):
    """Persons who sign in by name and password; for admins."""

    path = "/api/v1/accounts"
    tags = ("access",)

    @get(sync_to_thread=True, operation_id="ListAccounts")
    def list_accounts(self, store: NamedDependency[Store]) -> list[AccountOut]:
        """List all accounts by name."""
        with store.transaction() as tx:
            return [AccountOut.of(one) for one in accounts.list_accounts(tx)]

    @post(sync_to_thread=True, operation_id="AddAccount", operation_class=described(NewAccount))
    def add_account(self, request: AnyRequest, store: NamedDependency[Store], body: RawBody) -> AccountOut:
        """Add an account: `viewer` sees figures, `operator` also faces, and changes cameras.

        With `groups` it sees and changes nothing but the cameras of these groups and what belongs to them.
        """
        asked, who = understood(body, NewAccount), principal_of(request.scope)
        who.check_passes_on(SCOPES[asked.role])
        groups = who.granted(_said(asked.groups))
        password_hash = passwords.hashed(asked.password)
        with store.transaction() as tx:
            return AccountOut.of(accounts.create_account(tx, asked.name, password_hash, asked.role, groups))

    @patch(
        "/{account_id:int}",
        sync_to_thread=True,
        operation_id="ChangeAccount",
        operation_class=described(AccountChange),
    )
    def change_account(
        self,
        request: AnyRequest,
        store: NamedDependency[Store],
        principals: NamedDependency[SkipValidation[Principals]],
        account_id: FromPath[int],
        body: RawBody,
    ) -> AccountOut:
        """Change password, role, groups or whether it may sign in; its sessions are over within seconds."""
        asked, who = understood(body, AccountChange), principal_of(request.scope)
        if asked.role is not UNSET:
            who.check_passes_on(SCOPES[asked.role])
        named: dict[str, Any] = {"role": asked.role, "enabled": asked.enabled}
        changes = {name: value for name, value in named.items() if value is not UNSET}
        if asked.groups is not UNSET:
            changes["groups"] = list(who.granted(asked.groups))
        if isinstance(asked.password, str):
            changes["password_hash"] = passwords.hashed(asked.password)
        with store.transaction() as tx:
            changed = accounts.change_account(tx, checked_id("account", account_id), changes)
        principals.forget()
        return AccountOut.of(changed)

    @delete("/{account_id:int}", sync_to_thread=True, operation_id="DeleteAccount")
    def delete_account(
        self,
        store: NamedDependency[Store],
        principals: NamedDependency[SkipValidation[Principals]],
        account_id: FromPath[int],
    ) -> None:
        """Delete an account; what it did stays in the audit log."""
        with store.transaction() as tx:
            accounts.delete_account(tx, checked_id("account", account_id))
        principals.forget()


class TokenController(Controller):
    """Tokens of programs; for admins."""

    path = "/api/v1/tokens"
    tags = ("access",)

    @get(sync_to_thread=True, operation_id="ListTokens")
    def list_tokens(self, store: NamedDependency[Store]) -> list[TokenOut]:
        """List all tokens, without their secrets."""
        with store.transaction() as tx:
            return [TokenOut.of(one) for one in access_tokens.list_tokens(tx)]

    @post(sync_to_thread=True, operation_id="MakeToken", operation_class=described(NewToken))
    def make_token(self, request: AnyRequest, store: NamedDependency[Store], body: RawBody) -> TokenMade:
        """Make a token; its secret is shown this once. With `groups` it is limited to their cameras."""
        asked, who = understood(body, NewToken), principal_of(request.scope)
        who.check_passes_on(asked.scopes)
        groups = who.granted(_said(asked.groups))
        days = asked.expires_in_days
        expires_at = None if days is None else now() + timedelta(days=days)
        with store.transaction() as tx:
            token, secret = access_tokens.create_token(
                tx, asked.name, set(asked.scopes), who.name, expires_at, groups
            )
        return TokenMade(TokenOut.of(token), secret)

    @delete("/{token_id:int}", sync_to_thread=True, operation_id="RevokeToken")
    def revoke_token(
        self,
        store: NamedDependency[Store],
        principals: NamedDependency[SkipValidation[Principals]],
        token_id: FromPath[int],
    ) -> None:
        """Make a token worthless within seconds."""
        with store.transaction() as tx:
            access_tokens.revoke_token(tx, checked_id("token", token_id))
        principals.forget()


@get("/api/v1/audit", tags=("access",), sync_to_thread=True, operation_id="ListAudit")
def list_audit(
    store: NamedDependency[Store],
    limit: Limit = 100,
    before: Before = None,
    actor: PartOf = "",
    action: PartOf = "",
) -> list[AuditOut]:
    """List who did what and who looked at faces, the newest first; for admins.

    Whoever is limited to groups sees what was done to their cameras, and what others did who are limited as
    far as they are.
    """
    with store.transaction() as tx:
        found = audit.list_entries(tx, limit, before, actor=actor, action=action)
    return [AuditOut.of(one) for one in found]


@get("/api/v1/me", tags=("access",), sync_to_thread=False, operation_id="GetMe")
def get_me(request: AnyRequest) -> Me:
    """Say who asks, and what they may do."""
    return Me.of(principal_of(request.scope))


def _said(groups: tuple[str, ...] | UnsetType) -> tuple[str, ...] | None:
    return None if groups is UNSET else groups
