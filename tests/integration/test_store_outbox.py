"""What is to be told of events, written together with them on both servers."""

import sqlalchemy as sa

from hypersight_core.store import outbox
from hypersight_core.store.engine import Store
from tests.integration.test_event_messages import Counting

HERE, THERE = "0123456789abcdef", "fedcba9876543210"


def test_each_address_gets_each_new_event_once_in_the_order_of_time(store: Store):
    counting = Counting(store)
    with store.transaction() as tx:
        outbox.subscribe(tx, [HERE, THERE])
    ids = [one for people in (3, 1) for one in counting.passes(people)]
    for target in (HERE, THERE):
        with store.transaction() as tx:
            batch = outbox.take(tx, target, 10)
            assert batch is not None
            assert [one.event_id for one in batch.events] == ids
            outbox.told(tx, batch)
            assert outbox.take(tx, target, 10) is None
    with store.transaction() as tx:
        assert tx.scalar(sa.text("SELECT count(*) FROM processor_event")) == 4
        assert tx.scalar(sa.text("SELECT count(*) FROM event_outbox")) == 0
