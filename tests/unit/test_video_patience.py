"""Which segments are waited for, and what of them is taken in the end."""

from hypersight_core.video.patience import NOTHING, Had, Patience
from tests.playlists import a_cut, an_entry


def a_part(duration_s: float) -> Had:
    return Had(a_cut(0.0, duration_s), is_whole=duration_s == 2.0)


WHOLE = a_part(2.0)


def after_a_whole_one() -> Patience:
    patience = Patience()
    assert not patience.waits(an_entry(0), WHOLE, is_served=False)
    assert patience.taken(WHOLE) == WHOLE.cut
    return patience


def test_a_segment_that_does_not_come_is_waited_for_until_newer_ones_do() -> None:
    patience, entry = Patience(), an_entry(1)

    assert patience.waits(entry, NOTHING, is_served=False)
    assert patience.entry == entry
    assert patience.waits(entry, NOTHING, is_served=False)
    assert not patience.waits(entry, NOTHING, is_served=True)
    assert patience.taken(NOTHING) is None
    assert patience.entry is None


def test_newer_segments_seen_before_it_failed_say_nothing() -> None:
    assert Patience().waits(an_entry(1), NOTHING, is_served=True)


def test_a_segment_that_comes_after_all_is_taken() -> None:
    patience = Patience()
    assert patience.waits(an_entry(1), NOTHING, is_served=False)

    assert not patience.waits(an_entry(1), WHOLE, is_served=False)
    assert patience.taken(WHOLE) == WHOLE.cut


def test_the_longest_part_that_ever_came_is_taken() -> None:
    patience = after_a_whole_one()
    parts = [a_part(0.5), a_part(1.0), a_part(0.2)]

    assert all(patience.waits(an_entry(1), part, is_served=False) for part in parts)
    assert patience.taken(NOTHING) == parts[1].cut  # it slid out of the playlist


def is_used_up(patience: Patience) -> bool:
    return patience.is_used_up


def test_of_segments_that_all_come_in_part_only_the_first_is_waited_for() -> None:
    patience = after_a_whole_one()
    assert not is_used_up(patience)
    assert patience.waits(an_entry(1), a_part(0.5), is_served=False)
    assert not patience.waits(an_entry(1), a_part(0.5), is_served=True)
    patience.taken(a_part(0.5))

    assert is_used_up(patience)
    assert not patience.waits(an_entry(2), a_part(0.7), is_served=False)
    assert patience.taken(a_part(0.7)) == a_part(0.7).cut
    assert not patience.waits(an_entry(3), WHOLE, is_served=False)
    patience.taken(WHOLE)
    assert not is_used_up(patience)


def test_a_playlist_that_promises_too_much_from_the_start_is_not_waited_for() -> None:
    assert not Patience().waits(an_entry(0), a_part(0.5), is_served=False)


def test_what_the_server_itself_calls_lost_is_not_waited_for() -> None:
    assert not Patience().waits(an_entry(1, is_absent=True), NOTHING, is_served=False)
