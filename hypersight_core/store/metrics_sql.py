"""The statements of `metrics`.

Buckets come as one array of rising edges: row `n` of the series lies between edges `n` and `n + 1`.
`width_bucket` counts the edges at or below an instant; a microsecond is the step of `timestamptz`, so
taking one off turns its [from, to) into our (start, stop].
"""

# ruff: noqa: S608 - composed of constants of this module only

import sqlalchemy as sa

from hypersight_core.domain.events import OUT_KINDS, TRAFFIC_KINDS

_KINDS = ", ".join(f"'{kind}'" for kind in TRAFFIC_KINDS)
_OUT_KINDS = ", ".join(f"'{kind}'" for kind in OUT_KINDS)

_CAMERA = "(SELECT camera_id FROM processor WHERE processor_id = :processor_id)"

# No observation is longer than a day, so those reaching into the interval start a day before it at most.
_REACHES_IN = "from_at > :start_at - interval '24 hours' AND from_at < :stop_at AND to_at > :start_at"

# Time watched for want of any wanted frame (slow cameras) counts unless something went wrong.
_SHARE = """CASE WHEN frames_wanted > 0 THEN least(1.0, frames_detected::float8 / frames_wanted)
                 WHEN reason IS NULL THEN 1.0 ELSE 0.0 END"""

_OVERLAP_S = "extract(epoch FROM least(to_at, {stop_at}) - greatest(from_at, {start_at}))::float8"

_TRAFFIC_EVENTS = f"""
SELECT ts, value FROM processor_event
WHERE processor_id = :processor_id AND ts > :start_at AND ts <= :stop_at AND kind IN ({_KINDS})
"""


def _watched_s(camera_id: str) -> str:
    return f"""
SELECT coalesce(sum({_OVERLAP_S.format(start_at=":start_at", stop_at=":stop_at")} * {_SHARE}), 0.0)
FROM observation WHERE camera_id = {camera_id} AND {_REACHES_IN}
"""


WATCHED = sa.text(_watched_s(":camera_id"))

TRAFFIC_TOTAL = sa.text(f"""
WITH passed AS (
  SELECT ts, value, kind IN ({_KINDS}) AS is_in FROM processor_event
  WHERE processor_id = :processor_id AND ts > :start_at AND ts <= :stop_at
    AND kind IN ({_KINDS}, {_OUT_KINDS})
)
SELECT coalesce(sum(value) FILTER (WHERE is_in), 0)::bigint AS value,
       coalesce(sum(value) FILTER (WHERE NOT is_in), 0)::bigint AS out_value,
       min(ts) FILTER (WHERE is_in) AS first_at, max(ts) FILTER (WHERE is_in) AS last_at,
       ({_watched_s(_CAMERA)}) AS watched_s
FROM passed
""")

_BUCKET = """
bucket AS (
  SELECT n::int AS n, edge AS start_at, lead(edge) OVER (ORDER BY n) AS stop_at
  FROM unnest(CAST(:edges AS timestamptz[])) WITH ORDINALITY AS edges (edge, n)
)
"""

# An observation is cut at the edges it spans.
_WATCHED_BY_BUCKET = f"""
watched AS (
  SELECT n, sum({_OVERLAP_S.format(start_at="start_at", stop_at="stop_at")} * {_SHARE}) AS watched_s
  FROM observation
  CROSS JOIN LATERAL generate_series(
    width_bucket(greatest(from_at, :start_at), CAST(:edges AS timestamptz[])),
    width_bucket(least(to_at, :stop_at) - interval '1 microsecond', CAST(:edges AS timestamptz[]))) AS n
  JOIN bucket USING (n)
  WHERE camera_id = {_CAMERA} AND {_REACHES_IN}
  GROUP BY n
)
"""

TRAFFIC_SERIES = sa.text(f"""
WITH {_BUCKET}, {_WATCHED_BY_BUCKET},
came AS (
  SELECT width_bucket(ts - interval '1 microsecond', CAST(:edges AS timestamptz[])) AS n, sum(value) AS value
  FROM ({_TRAFFIC_EVENTS}) AS event
  GROUP BY 1
)
SELECT start_at, stop_at, coalesce(value, 0)::bigint AS value, coalesce(watched_s, 0.0) AS watched_s
FROM bucket LEFT JOIN came USING (n) LEFT JOIN watched USING (n)
WHERE stop_at IS NOT NULL
ORDER BY n
""")

PRESENCE_AT = sa.text("""
SELECT value, ts FROM processor_event
WHERE processor_id = :processor_id AND ts <= :at AND kind = 'count'
ORDER BY ts DESC LIMIT 1
""")

# All instants at which something changes cut the interval into pieces: bucket edges, counts, and the ends of
# what was watched. `known` is the count that holds in a piece, `watching` how many observations cover it.
PRESENCE_SERIES = sa.text(f"""
WITH {_BUCKET}, {_WATCHED_BY_BUCKET},
change AS (
  SELECT start_at AS at, NULL::int AS value, 0 AS watching FROM bucket
  UNION ALL
  (SELECT CAST(:start_at AS timestamptz), value, 0 FROM processor_event
   WHERE processor_id = :processor_id AND ts <= :start_at AND kind = 'count' ORDER BY ts DESC LIMIT 1)
  UNION ALL
  SELECT ts, value, 0 FROM processor_event
  WHERE processor_id = :processor_id AND ts > :start_at AND ts < :stop_at AND kind = 'count'
  UNION ALL
  SELECT unnest(ARRAY[greatest(from_at, :start_at), least(to_at, :stop_at)]), NULL, unnest(ARRAY[1, -1])
  FROM observation
  WHERE camera_id = {_CAMERA} AND {_REACHES_IN} AND {_SHARE} > 0
),
instant AS (SELECT at, max(value) AS value, sum(watching) AS watching FROM change GROUP BY at),
numbered AS (
  SELECT at, value, lead(at) OVER rising AS until, count(value) OVER rising AS counts_so_far,
         sum(watching) OVER rising AS watching
  FROM instant WINDOW rising AS (ORDER BY at)
),
piece AS (
  SELECT width_bucket(at, CAST(:edges AS timestamptz[])) AS n,
         extract(epoch FROM until - at)::float8 AS length_s, watching,
         max(value) OVER (PARTITION BY counts_so_far) AS known
  FROM numbered
),
present AS (
  SELECT n, sum(known * length_s) / sum(length_s) AS mean, min(known) AS least, max(known) AS most
  FROM piece WHERE watching > 0 AND known IS NOT NULL AND length_s > 0
  GROUP BY n
)
SELECT start_at, stop_at, mean, least, most, coalesce(watched_s, 0.0) AS watched_s
FROM bucket LEFT JOIN present USING (n) LEFT JOIN watched USING (n)
WHERE stop_at IS NOT NULL
ORDER BY n
""")
