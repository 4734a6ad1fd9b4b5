"""Who is remembered after a look-up, and who is not."""

import asyncio

import pytest

from hypersight_api.principals import Principals
from hypersight_core.domain.access import Scope
from hypersight_core.store import access_tokens

pytestmark = pytest.mark.integration


def test_a_look_up_that_a_revocation_overtakes_is_not_remembered(store, monkeypatch):
    """As it happens when the two requests come at the same moment."""
    with store.transaction() as tx:
        _, secret = access_tokens.create_token(tx, "dashboard", [Scope.METRICS_READ], "tests", None)
    principals, look_up = Principals(store), access_tokens.token_of

    def overtaken(tx, *asked):
        found = look_up(tx, *asked)
        assert found is not None
        with store.transaction() as other:
            access_tokens.revoke_token(other, found.token_id)
        principals.forget()
        return found

    asyncio.run(principals.of_token(secret))  # the first use is written down, which revocation would wait for
    principals.forget()
    monkeypatch.setattr(access_tokens, "token_of", overtaken)
    assert asyncio.run(principals.of_token(secret)) is not None  # it began before
    monkeypatch.undo()
    assert asyncio.run(principals.of_token(secret)) is None
