from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from dagster import DagsterRunStatus as Status

from hypersight_core.store.failures import WatcherFailure
from hypersight_core.store.leases import FRESH_S, REPLAYING, LeaseView
from hypersight_pipelines.defs.watchers.actions import Actions, summary
from hypersight_pipelines.defs.watchers.pulses import Pulses
from hypersight_pipelines.defs.watchers.restarts import (
    BUDGET,
    FAILED_DELAY_S,
    LONGEST_DELAY_S,
    WatcherRun,
    restart_delay_s,
)
from hypersight_pipelines.defs.watchers.supervision import STARTING_AT_ONCE, Seen, reconcile
from tests.builders import noon

RUN, OTHER_RUN = str(UUID(int=1)), str(UUID(int=2))


def a_lease(**changes: Any) -> LeaseView:
    usual: dict[str, Any] = {
        "camera_id": 1, "token": 3, "run_id": RUN, "host": "here", "boot_id": "boot", "pid": 7,
        "pid_start": 9, "backend_pid": 5, "acquired_at": noon(-100), "heartbeat_at": noon(-1),
        "state": "watching",
        "position_at": None, "lag_s": None, "detail": "", "released_at": None, "release_reason": None,
        "stop_run_id": None, "is_locked": True, "heartbeat_age_s": 1.0,
    }  # fmt: skip
    return LeaseView(**(usual | changes))


@pytest.mark.parametrize(
    ("change", "is_live"),
    [
        ({}, True),
        ({"heartbeat_age_s": FRESH_S - 0.1}, True),
        ({"heartbeat_age_s": FRESH_S}, False),
        ({"is_locked": False}, False),
        ({"released_at": noon(-1)}, False),
        ({"state": REPLAYING}, False),
    ],
    ids=["usual", "late", "silent", "not locked", "given back", "replay"],
)
def test_a_camera_is_watched_while_its_lock_is_held_by_who_is_heard_of(change, is_live):
    assert a_lease(**change).is_live is is_live


def a_released_lease(seconds_ago: float, reason: str = "disabled") -> LeaseView:
    return a_lease(
        is_locked=False, released_at=noon(-seconds_ago), release_reason=reason,
        heartbeat_age_s=seconds_ago,
    )  # fmt: skip


def a_run(status: Status = Status.STARTED, age_s: float = 100, **changes: Any) -> WatcherRun:
    usual: dict[str, Any] = {
        "run_id": RUN, "camera_id": 1, "status": status, "updated_at": noon(-age_s),
    }  # fmt: skip
    return WatcherRun(**(usual | changes))


def a_failure(seconds_ago: float, number: int = 9) -> WatcherRun:
    return a_run(Status.FAILURE, seconds_ago, run_id=str(UUID(int=number)), ended_at=noon(-seconds_ago))


def decided(
    *runs: WatcherRun,
    desired: tuple[int, ...] = (1,),
    leases: tuple[LeaseView, ...] = (),
    dead: tuple[str, ...] = (),
) -> Actions:
    return reconcile(Seen(desired=desired, leases=leases, runs=runs, now=noon(), dead=dead))


def buried(actions: Actions) -> list[str]:
    return [burial.run.run_id for burial in actions.bury]


def test_a_camera_without_a_run_gets_one():
    assert decided() == Actions(launch=[1])


def test_a_healthy_watcher_is_left_alone():
    assert decided(a_run(), leases=(a_lease(),)) == Actions()


@pytest.mark.parametrize("status", [Status.QUEUED, Status.NOT_STARTED, Status.STARTING, Status.STARTED])
def test_nothing_is_launched_twice_while_a_run_gets_going(status):
    assert decided(a_run(status, age_s=30)) == Actions()


def test_a_run_whose_process_was_killed_is_closed_and_replaced_in_the_same_look():
    killed = a_lease(is_locked=False, heartbeat_age_s=1.0)
    actions = decided(a_run(), leases=(killed,), dead=(RUN,))
    assert (buried(actions), actions.launch) == ([RUN], [1])


def test_a_watcher_that_reconnects_after_a_database_restart_keeps_its_run():
    reconnecting = a_lease(is_locked=False, heartbeat_age_s=3.0)
    assert decided(a_run(), leases=(reconnecting,)) == Actions()


def test_a_watcher_on_another_machine_is_given_up_when_its_heartbeat_is_stale():
    silent = a_lease(is_locked=False, heartbeat_age_s=9.0)
    actions = decided(a_run(), leases=(silent,))
    assert (buried(actions), actions.launch) == ([RUN], [1])


def test_a_stuck_watcher_is_fenced_first_and_replaced_once_its_lock_is_gone():
    stuck = a_lease(heartbeat_age_s=9.0)
    assert decided(a_run(), leases=(stuck,)) == Actions(fence=[stuck])


@pytest.mark.parametrize(
    ("status", "within_s", "beyond_s"),
    [
        (Status.NOT_STARTED, 80, 100),
        (Status.STARTING, 80, 100),
        (Status.STARTED, 50, 70),
        (Status.CANCELING, 15, 25),
    ],
)
def test_a_run_that_never_took_the_camera_is_closed_after_a_grace(status, within_s, beyond_s):
    assert buried(decided(a_run(status, within_s))) == []
    assert buried(decided(a_run(status, beyond_s))) == [RUN]


def test_a_run_that_was_fenced_is_closed_and_replaced_without_a_grace():
    actions = decided(a_run(), leases=(a_released_lease(1, "fenced"),))
    assert (buried(actions), actions.launch) == ([RUN], [1])


def test_a_run_may_wait_in_the_queue_for_ever():
    assert decided(a_run(Status.QUEUED, age_s=10_000)) == Actions()


def test_a_run_left_over_from_before_the_reboot_is_closed_although_its_camera_is_leased_anew():
    actions = decided(a_run(age_s=9_000), leases=(a_lease(run_id=OTHER_RUN),))
    assert buried(actions) == [RUN]


def test_dagster_has_time_to_write_the_end_of_a_run_that_gave_the_camera_back():
    assert decided(a_run(), leases=(a_released_lease(5),)) == Actions()
    assert buried(decided(a_run(), leases=(a_released_lease(25),))) == [RUN]


def test_a_watcher_nobody_wants_any_more_is_asked_to_stop_once():
    lease = a_lease()
    assert decided(a_run(), desired=(), leases=(lease,)) == Actions(ask_to_stop=[lease])
    assert decided(a_run(), desired=(), leases=(a_lease(stop_run_id=RUN),)) == Actions()


@pytest.mark.parametrize("status", [Status.QUEUED, Status.NOT_STARTED])
def test_a_run_that_waits_for_a_camera_nobody_wants_is_canceled(status):
    run = a_run(status, age_s=30)
    assert decided(run, desired=()) == Actions(cancel=[run])


def test_a_cancel_that_cannot_reach_the_process_goes_through_the_lease():
    lease = a_lease()
    assert decided(a_run(Status.CANCELING, 1), leases=(lease,)) == Actions(ask_to_stop=[lease])


def test_a_watcher_whose_run_dagster_closed_is_asked_to_stop_while_its_successor_starts():
    lease = a_lease()
    assert decided(leases=(lease,)) == Actions(ask_to_stop=[lease], launch=[1])
    assert decided(a_run(Status.STARTING, 1, run_id=OTHER_RUN), leases=(lease,)) == Actions(
        ask_to_stop=[lease]
    )


def test_a_camera_watched_by_hand_is_left_to_the_hand():
    actions = decided(leases=(a_lease(run_id="somebody"),))
    assert actions == Actions(notes=["camera 1: watched by somebody, outside Dagster"])


def test_two_runs_for_one_camera_are_reported():
    actions = decided(a_run(), a_run(Status.QUEUED, run_id=OTHER_RUN), leases=(a_lease(),))
    assert actions == Actions(notes=[f"camera 1: 2 runs, {RUN}, {OTHER_RUN}"])


def test_a_first_failure_is_replaced_at_once_and_later_ones_ever_more_slowly():
    assert [restart_delay_s(count) for count in range(8)] == [0, 0, 2, 4, 8, 16, 32, 60]
    assert restart_delay_s(1000) == LONGEST_DELAY_S
    assert decided(a_failure(0.1)).launch == [1]


def test_a_camera_that_keeps_failing_waits_and_holds_no_other_up():
    failures = [
        a_failure(seconds_ago, number) for number, seconds_ago in enumerate((3, 20, 40, 80), start=10)
    ]
    actions = decided(*failures, desired=(1, 2))
    assert actions == Actions(launch=[2], notes=["camera 1: ended badly 4 times, next try in 5 s"])
    assert decided(*(a_failure(9 + number, number) for number in range(4))).launch == [1]


def test_a_watcher_that_is_killed_again_and_again_uses_up_the_budget_too():
    killed = a_lease(is_locked=False)
    failures = [a_failure(seconds_ago, seconds_ago) for seconds_ago in (30, 60)]
    actions = decided(a_run(), *failures, leases=(killed,), dead=(RUN,))
    assert (buried(actions), actions.launch) == ([RUN], [])
    assert actions.notes == ["camera 1: ended badly 3 times, next try in 4 s"]


def test_a_run_that_succeeds_at_once_again_and_again_counts_against_the_budget():
    brief = [
        a_run(Status.SUCCESS, run_id=str(UUID(int=number)), started_at=noon(-3), ended_at=noon(-1))
        for number in range(10, 13)
    ]
    assert decided(*brief).launch == []


def test_a_long_run_that_ended_as_it_should_is_replaced_at_once():
    assert decided(a_run(Status.SUCCESS, started_at=noon(-900), ended_at=noon())).launch == [1]


def test_a_machine_that_is_being_stopped_gets_no_new_watchers_from_the_tick_in_hand():
    ended = a_run(Status.SUCCESS, started_at=noon(-900), ended_at=noon())
    assert decided(ended, leases=(a_released_lease(4, "stopped"),)).launch == []
    assert decided(ended, leases=(a_released_lease(7, "stopped"),)).launch == [1]


def test_a_run_that_somebody_canceled_is_replaced_at_once():
    assert decided(leases=(a_released_lease(1, "stopped"),)).launch == [1]


def test_a_run_for_a_deleted_camera_ends_without_a_successor():
    gone = a_lease(is_locked=False)
    actions = decided(a_run(), desired=(), leases=(gone,), dead=(RUN,))
    assert (buried(actions), actions.launch) == ([RUN], [])


def test_five_hundred_cameras_start_in_turn_each_once_and_a_bad_one_holds_none_up():
    """Simulate ticks: what was launched at one is watching at the next, except camera 0, whose runs fail."""
    desired = tuple(range(500))
    runs: list[WatcherRun] = []
    leases: list[LeaseView] = []
    launched: list[int] = []
    for tick in range(60):
        now = noon(5 * tick)
        watching = {lease.run_id for lease in leases}
        leases += [
            a_lease(camera_id=run.camera_id, run_id=run.run_id, acquired_at=now)
            for run in runs
            if run.is_unfinished and run.run_id not in watching
        ]
        actions = reconcile(Seen(desired=desired, leases=leases, runs=runs, now=now))
        assert len(actions.launch) <= STARTING_AT_ONCE
        for camera_id in actions.launch:
            facts: dict[str, Any] = {"updated_at": now, "started_at": now, "camera_id": camera_id}
            if camera_id == 0:
                facts |= {"status": Status.FAILURE, "ended_at": now}
            runs.append(a_run(run_id=str(UUID(int=len(runs) + 1000)), **facts))
        launched += actions.launch
    assert sorted(filter(None, launched)) == list(range(1, 500))
    # 499 good ones at 20 a tick need 25 ticks, whatever camera 0 does meanwhile.
    last = next(run for run in runs if run.camera_id == 499)
    assert last.updated_at <= noon(5 * 26)
    assert 2 <= launched.count(0) <= BUDGET


def used_up() -> list[WatcherRun]:
    """Return runs that failed so often that their camera counts as failed, the newest 10 s ago."""
    return [
        a_run(Status.FAILURE, run_id=str(UUID(int=100 + number)), **ended(10 + 20 * number))
        for number in range(BUDGET)
    ]


def ended(seconds_ago: float, lived_s: float = 1.0) -> dict[str, Any]:
    return {
        "age_s": seconds_ago,
        "started_at": noon(-seconds_ago - lived_s),
        "ended_at": noon(-seconds_ago),
    }


def a_failure_mark(seconds_ago: float) -> WatcherFailure:
    return WatcherFailure(
        camera_id=1, run_id=str(UUID(int=100)), failed_at=noon(-seconds_ago), bad_ends=BUDGET,
        reason="it breaks", next_try_at=noon(FAILED_DELAY_S - seconds_ago),
    )  # fmt: skip


def judged(*runs: WatcherRun, **seen: Any) -> Actions:
    usual: dict[str, Any] = {"desired": (1,), "leases": (), "runs": runs, "now": noon()}
    return reconcile(Seen(**usual | seen))


def test_a_camera_whose_budget_is_used_up_counts_as_failed_and_is_tried_seldom():
    actions = judged(*used_up())
    [failed] = actions.fail
    assert failed.because("it breaks") == a_failure_mark(10)
    assert actions.launch == []
    assert actions.notes == ["camera 1: failed, ended badly 6 times, next try in 290 s"]


def test_a_failed_camera_is_said_to_be_failed_once_and_stays_so_beyond_the_window():
    assert judged(*used_up(), failures={1: a_failure_mark(10)}).fail == []
    actions = judged(failures={1: a_failure_mark(290)})
    assert (actions.launch, actions.fail, actions.forgive) == ([], [], [])
    actions = judged(failures={1: a_failure_mark(310)})
    assert (actions.launch, actions.forgive) == ([1], [])


def test_a_failed_camera_that_fails_again_says_why_anew():
    again = a_run(Status.FAILURE, run_id=str(UUID(int=200)), **ended(5))
    [failed] = judged(again, failures={1: a_failure_mark(310)}).fail
    failure = failed.because("something else")
    assert (failure.bad_ends, failure.run_id, failure.reason) == (BUDGET + 1, again.run_id, "something else")


def test_an_edit_gives_a_failed_camera_a_new_chance_at_once():
    actions = judged(*used_up(), failures={1: a_failure_mark(10)}, changed_at={1: noon(-1)})
    assert (actions.launch, actions.forgive, actions.fail) == ([1], [1], [])


def test_a_failed_camera_that_is_switched_off_or_deleted_is_forgotten():
    assert judged(desired=(), failures={1: a_failure_mark(10)}).forgive == [1]


def test_a_watcher_that_lives_a_minute_clears_its_camera():
    young, old = (a_lease(acquired_at=noon(-seconds)) for seconds in (50, 70))
    mark = {1: a_failure_mark(100)}
    assert judged(a_run(), leases=(young,), failures=mark).forgive == []
    assert judged(a_run(), leases=(old,), failures=mark).forgive == [1]


def test_a_watcher_killed_after_a_minute_is_replaced_at_once_whatever_was_before():
    killed = a_run(Status.FAILURE, run_id=str(UUID(int=300)), **ended(0.1, lived_s=61))
    actions = judged(killed, *used_up())
    assert (actions.launch, actions.fail) == ([1], [])


def test_a_run_whose_machine_started_anew_before_it_took_the_camera_is_closed_and_replaced():
    actions = judged(a_run(age_s=3), dead=(RUN,))
    assert (buried(actions), actions.launch) == ([RUN], [1])


def test_cameras_that_never_failed_start_first():
    failing = [a_run(Status.FAILURE, camera_id=0, run_id=str(UUID(int=n)), **ended(9 + n)) for n in (1, 2)]
    actions = judged(*failing, desired=tuple(range(STARTING_AT_ONCE + 1)))
    assert actions.launch == list(range(1, STARTING_AT_ONCE + 1))
    assert actions.notes == ["cameras that wait until others have started: 1"]


def test_the_summary_says_what_was_done_and_why():
    killed = a_lease(is_locked=False)
    assert summary(decided(a_run(), leases=(killed,), dead=(RUN,))) == (
        f"launched camera 1; closed run {RUN}: its process (pid 7 on here) is gone, last heartbeat 1 s ago"
    )
    assert summary(Actions()) == ""


def test_time_alone_changes_the_verdict():
    lease = a_released_lease(5)
    seen = Seen(desired=(1,), leases=(lease,), runs=(a_run(),), now=noon())
    later = Seen(desired=(1,), leases=(lease,), runs=(a_run(),), now=noon() + timedelta(seconds=30))
    assert (reconcile(seen).bury, len(reconcile(later).bury)) == ([], 1)


class TestSilence:
    """The database's clock may be set; ours counts on."""

    @staticmethod
    def fenced(heartbeat_age_s: float, silent_s: float) -> bool:
        lease = a_lease(heartbeat_age_s=heartbeat_age_s)
        seen = Seen(
            desired=(1,), leases=(lease,), runs=(a_run(),), now=noon(), silent_s={lease.run_id: silent_s}
        )
        return bool(reconcile(seen).fence)

    def test_a_heartbeat_that_is_an_hour_old_by_a_clock_just_set_is_waited_for(self):
        assert not self.fenced(3600.0, 1.5)

    def test_one_that_does_not_come_is_not(self):
        assert self.fenced(3600.0, 3.5)

    def test_silence_is_noticed_though_the_last_heartbeat_lies_in_the_future(self):
        assert not self.fenced(-3600.0, 5.0)
        assert self.fenced(-3600.0, 8.5)

    def test_heartbeats_are_timed_by_when_they_were_seen_to_change(self):
        pulses, lease = Pulses(), a_lease()
        assert pulses.silent_s([lease], 10.0) == {lease.run_id: 0.0}
        assert pulses.silent_s([lease], 12.0) == {lease.run_id: 2.0}
        beaten = replace(lease, heartbeat_at=lease.heartbeat_at + timedelta(hours=1))
        assert pulses.silent_s([beaten], 13.0) == {lease.run_id: 0.0}
        assert pulses.silent_s([], 14.0) == {}
