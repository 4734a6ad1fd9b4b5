"""The statements of `leases`; `%(…)s` ones run on the lease's own connection, `:…` ones on anybody's."""

# ruff: noqa: S608 - composed of constants of this module only

LOCK_CLASS = 7001
"""First half of the advisory locks' keys; the second is the camera's id."""

LOCK = f"SELECT pg_try_advisory_lock({LOCK_CLASS}, %(camera_id)s)"

# The supervisor hears of it once the lock is free.
UNLOCK = f"""
SELECT pg_advisory_unlock({LOCK_CLASS}, %(camera_id)s), pg_notify('watch_change', %(camera_id)s::text)
"""

# The token counts on for ever, also over a lease that was given back.
ACQUIRE = """
INSERT INTO watcher_lease AS lease (camera_id, token, run_id, host, boot_id, pid, pid_start, backend_pid,
                                    acquired_at, heartbeat_at, state_since, state)
VALUES (%(camera_id)s, 1, %(run_id)s, %(host)s, %(boot_id)s, %(pid)s, %(pid_start)s, pg_backend_pid(),
        clock_timestamp(), clock_timestamp(), clock_timestamp(), 'starting')
ON CONFLICT (camera_id) DO UPDATE SET
  token = lease.token + 1, run_id = excluded.run_id, host = excluded.host, boot_id = excluded.boot_id,
  pid = excluded.pid, pid_start = excluded.pid_start, backend_pid = excluded.backend_pid,
  acquired_at = excluded.acquired_at, heartbeat_at = excluded.heartbeat_at, state = excluded.state,
  state_since = excluded.state_since,
  position_at = NULL, lag_s = NULL, detail = '', released_at = NULL, release_reason = NULL,
  stop_run_id = NULL, figures = NULL, config = NULL
RETURNING token
"""

IS_OURS = """
SELECT FROM watcher_lease
WHERE camera_id = %(camera_id)s AND token = %(token)s AND run_id = %(run_id)s AND released_at IS NULL
"""

MOVE = """
UPDATE watcher_lease SET backend_pid = pg_backend_pid(), heartbeat_at = clock_timestamp()
WHERE camera_id = %(camera_id)s AND token = %(token)s AND run_id = %(run_id)s
"""

WANTED = """
EXISTS (SELECT FROM camera
        JOIN processor USING (camera_id)
        JOIN processor_version USING (processor_id, version)
        WHERE camera.camera_id = {camera_id} AND camera.enabled AND camera.deleted_at IS NULL
          AND processor_version.enabled AND processor.deleted_at IS NULL)
"""

BEAT = f"""
UPDATE watcher_lease
SET heartbeat_at = clock_timestamp(), state = %(state)s, position_at = %(position_at)s, lag_s = %(lag_s)s,
    detail = %(detail)s, figures = CAST(%(figures)s AS jsonb), config = CAST(%(config)s AS jsonb),
    state_since = CASE WHEN state = %(state)s THEN state_since ELSE clock_timestamp() END
WHERE camera_id = %(camera_id)s AND token = %(token)s AND run_id = %(run_id)s AND released_at IS NULL
RETURNING {WANTED.format(camera_id="%(camera_id)s")}, coalesce(stop_run_id = run_id, false)
"""

RELEASE = """
UPDATE watcher_lease SET released_at = clock_timestamp(), release_reason = %(reason)s
WHERE camera_id = %(camera_id)s AND token = %(token)s AND run_id = %(run_id)s AND released_at IS NULL
"""

HOLDER = "SELECT run_id, pid, host FROM watcher_lease WHERE camera_id = %(camera_id)s AND released_at IS NULL"

# pg_locks shows a lock by two numbers with objsubid 2. Only a process that holds this very lock is ever
# ended: process numbers are used again.
_HOLDS = """
locktype = 'advisory' AND objsubid = 2 AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

END_FORMER = f"""
SELECT pg_terminate_backend(pg_locks.pid)
FROM pg_locks JOIN watcher_lease ON watcher_lease.backend_pid = pg_locks.pid
WHERE {_HOLDS} AND classid = {LOCK_CLASS} AND objid = %(camera_id)s
  AND watcher_lease.camera_id = %(camera_id)s AND token = %(token)s
"""

END_HOLDER = f"""
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE {_HOLDS} AND classid = :lock_class AND objid = :camera_id
"""

READ = f"""
SELECT watcher_lease.*,
       EXISTS (SELECT FROM pg_locks
               WHERE {_HOLDS} AND classid = :lock_class AND objid = camera_id) AS is_locked,
       extract(epoch FROM clock_timestamp() - heartbeat_at)::float8 AS heartbeat_age_s
FROM watcher_lease ORDER BY camera_id
"""

REQUEST_STOP = (
    "UPDATE watcher_lease SET stop_run_id = :run_id WHERE camera_id = :camera_id AND run_id = :run_id"
)

OUTDATE = """
UPDATE watcher_lease
SET token = token + 1, released_at = clock_timestamp(), release_reason = 'fenced'
WHERE camera_id = :camera_id AND token = :token
"""
