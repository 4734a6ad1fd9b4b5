-- The questions people ask. Intervals are (start, stop]; edges of series rise strictly.
--
-- Days are written as 24 hours: '1 day' is as long as the session's time zone makes it.
-- OFFSET 0 keeps a LATERAL query as it stands: one short index scan an hour, however many rows the planner expects.
-- All is planned once a session: planning them takes longer than answering. Compiling (jit) takes a hundred times
-- longer: with many chunks the planner thinks that it pays.

CREATE FUNCTION rollup.local_midnight(day date, time_zone text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
-- Where clocks are set back from one o'clock, midnight comes twice and PostgreSQL takes the second.
RETURN CASE WHEN (day::timestamp AT TIME ZONE time_zone - interval '1 hour') AT TIME ZONE time_zone = day::timestamp
            THEN day::timestamp AT TIME ZONE time_zone - interval '1 hour'
            ELSE day::timestamp AT TIME ZONE time_zone END;
COMMENT ON FUNCTION rollup.local_midnight(date, text) IS 'The instant a day begins in a time zone';

CREATE FUNCTION bucket_edges(start timestamptz, stop timestamptz, bucket text, time_zone text)
RETURNS timestamptz[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  length CONSTANT interval := CASE bucket
    WHEN '1m' THEN interval '1 minute' WHEN '5m' THEN interval '5 minutes' WHEN '15m' THEN interval '15 minutes'
    WHEN '1h' THEN interval '1 hour' WHEN '1d' THEN interval '24 hours' WHEN '1w' THEN interval '7 days' END;
  stride CONSTANT int := CASE bucket WHEN '1w' THEN 7 ELSE 1 END;
  first_day date := (start AT TIME ZONE time_zone)::date;
  last_day CONSTANT date := (stop AT TIME ZONE time_zone)::date;
BEGIN
  IF length IS NULL THEN
    RAISE invalid_parameter_value USING MESSAGE = format('bucket must be 1m, 5m, 15m, 1h, 1d or 1w, not %L', bucket);
  ELSIF stop < start THEN
    RAISE invalid_parameter_value USING MESSAGE = format('the interval ends (%s) before it starts (%s)', stop, start);
  ELSIF stop = start THEN
    RETURN '{}';
  END IF;
  IF bucket = '1w' THEN
    first_day := date_trunc('week', first_day::timestamp)::date;
  END IF;
  RETURN (
    SELECT array_agg(DISTINCT edge ORDER BY edge)
    FROM (
      SELECT unnest(ARRAY[start, stop]) AS edge
      UNION ALL
      -- Steps below a day are absolute: the hour an autumn night has twice makes two buckets. A day the calendar
      -- leaves out begins with the next one and has none.
      SELECT step
      FROM generate_series(0, (last_day - first_day) / stride) AS n
      CROSS JOIN LATERAL (SELECT first_day + n * stride AS day) AS local
      CROSS JOIN LATERAL (SELECT rollup.local_midnight(day, time_zone) AS begins,
                                 rollup.local_midnight(day + stride, time_zone) AS ends) AS lasting
      CROSS JOIN LATERAL generate_series(
        begins, ends - interval '1 microsecond',
        CASE WHEN length < interval '24 hours' THEN length ELSE interval '1000 hours' END) AS step
      WHERE begins < ends
    ) AS edges
    WHERE edge BETWEEN start AND stop);
END $$;
COMMENT ON FUNCTION bucket_edges(timestamptz, timestamptz, text, text) IS
  'Edges of all buckets of 1m, 5m, 15m, 1h, 1d or 1w in a time zone that an interval touches, its ends included';

CREATE FUNCTION rollup.camera_of(processor int) RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT camera_id FROM public.processor AS found WHERE processor_id = $1);
COMMENT ON FUNCTION rollup.camera_of(int) IS 'The camera of a processor';

-- Full hours h1 to h2 and, within them, full days d1 to d2 of an interval [start, stop), counted from `origin`.
CREATE FUNCTION rollup.full_hours(start timestamptz, stop timestamptz, origin timestamptz,
  OUT h1 timestamptz, OUT d1 timestamptz, OUT d2 timestamptz, OUT h2 timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  step CONSTANT interval := interval '1 microsecond';
BEGIN
  h1 := least(date_bin('1 hour', start - step, origin) + interval '1 hour', stop);
  h2 := greatest(date_bin('1 hour', stop, origin), h1);
  d1 := least(date_bin('1 day', h1 - step, origin) + interval '24 hours', h2);
  d2 := greatest(date_bin('1 day', h2, origin), d1);
END $$;
COMMENT ON FUNCTION rollup.full_hours(timestamptz, timestamptz, timestamptz) IS
  'The full hours, and within them the full days, of an interval';

CREATE FUNCTION watched_seconds(camera int, start timestamptz, stop timestamptz) RETURNS float8
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  span CONSTANT record := rollup.full_hours(start, stop, timestamptz '2000-01-01 00:00:00+00');
BEGIN
  RETURN (
    WITH stale AS (
      SELECT bucket FROM rollup.stale_coverage WHERE camera_id = camera AND bucket >= span.h1 AND bucket < span.h2
    ),
    stale_day AS (
      SELECT DISTINCT rollup.day_floor(bucket) AS day FROM stale
      WHERE bucket >= span.d1 AND bucket < span.d2
    )
    SELECT coalesce(sum(seconds), 0.0) FROM (
      SELECT extract(epoch FROM least(to_at, b) - greatest(from_at, a))::float8
             * rollup.watched_share(frames_wanted, frames_detected, reason) AS seconds
      FROM (VALUES (start, span.h1), (span.h2, stop) UNION ALL SELECT bucket, bucket + interval '1 hour' FROM stale)
           AS piece (a, b)
      CROSS JOIN LATERAL (
        SELECT * FROM observation
        WHERE camera_id = camera AND from_at >= rollup.hour_floor(a) AND from_at < b AND to_at > a
        OFFSET 0
      ) AS seen
      WHERE a < b
      UNION ALL
      SELECT watched_s FROM rollup.coverage_day
      WHERE camera_id = camera AND bucket >= span.d1 AND bucket < span.d2
        AND bucket NOT IN (SELECT day FROM stale_day)
      UNION ALL
      SELECT watched_s
      FROM (VALUES (span.h1, span.d1), (span.d2, span.h2) UNION ALL SELECT day, day + interval '24 hours' FROM stale_day)
           AS piece (a, b)
      CROSS JOIN LATERAL (
        SELECT watched_s FROM rollup.coverage_hour
        WHERE camera_id = camera AND bucket >= a AND bucket < b AND bucket NOT IN (SELECT bucket FROM stale)
        OFFSET 0
      ) AS hour
      WHERE a < b
    ) AS watched);
END $$;
COMMENT ON FUNCTION watched_seconds(int, timestamptz, timestamptz) IS
  'Seconds of an interval for which a camera was really watched; time watched in part counts in proportion';

CREATE FUNCTION traffic(processor int, start timestamptz, stop timestamptz,
  OUT value bigint, OUT out_value bigint, OUT first_at timestamptz, OUT last_at timestamptz, OUT watched_s float8)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  step CONSTANT interval := interval '1 microsecond';
  span CONSTANT record := rollup.full_hours(start + step, stop + step, timestamptz '2000-01-01 00:00:00.000001+00');
BEGIN
  WITH stale AS (
    SELECT bucket FROM rollup.stale_traffic WHERE processor_id = processor AND bucket >= span.h1 AND bucket < span.h2
  ),
  stale_day AS (
    SELECT DISTINCT rollup.traffic_day_of(bucket) AS day FROM stale WHERE bucket >= span.d1 AND bucket < span.d2
  )
  SELECT coalesce(sum(came), 0), coalesce(sum(went), 0), min(passed.first_at), max(passed.last_at)
  INTO value, out_value, first_at, last_at
  FROM (
    SELECT CASE WHEN kind IN ('enter', 'cross_in') THEN value END AS came,
           CASE WHEN kind IN ('exit', 'cross_out') THEN value END AS went,
           CASE WHEN kind IN ('enter', 'cross_in') THEN ts END AS first_at,
           CASE WHEN kind IN ('enter', 'cross_in') THEN ts END AS last_at
    FROM (VALUES (start + step, span.h1), (span.h2, stop + step)
          UNION ALL SELECT bucket, bucket + interval '1 hour' FROM stale) AS piece (a, b)
    CROSS JOIN LATERAL (
      SELECT ts, kind, value FROM processor_event WHERE processor_id = processor AND ts >= a AND ts < b
      OFFSET 0
    ) AS event
    WHERE a < b
    UNION ALL
    SELECT day.value, day.out_value, day.first_at, day.last_at FROM rollup.traffic_day AS day
    WHERE processor_id = processor AND bucket >= span.d1 AND bucket < span.d2
      AND bucket NOT IN (SELECT day FROM stale_day)
    UNION ALL
    SELECT hour.value, hour.out_value, hour.first_at, hour.last_at
    FROM (VALUES (span.h1, span.d1), (span.d2, span.h2) UNION ALL SELECT day, day + interval '24 hours' FROM stale_day)
         AS piece (a, b)
    CROSS JOIN LATERAL (
      SELECT * FROM rollup.traffic_hour
      WHERE processor_id = processor AND bucket >= a AND bucket < b AND bucket NOT IN (SELECT bucket FROM stale)
      OFFSET 0
    ) AS hour
    WHERE a < b
  ) AS passed;
  watched_s := watched_seconds(rollup.camera_of(processor), start, stop);
END $$;
COMMENT ON FUNCTION traffic(int, timestamptz, timestamptz) IS
  'Persons that came in and that left in start < ts <= stop, first and last coming in, and the seconds really watched';

CREATE FUNCTION rollup.cut_hours(edges timestamptz[]) RETURNS timestamptz[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT coalesce(array_agg(DISTINCT rollup.hour_floor(edge)), '{}')
        FROM unnest(edges) AS edge WHERE edge <> rollup.hour_floor(edge));
COMMENT ON FUNCTION rollup.cut_hours(timestamptz[]) IS 'The hours in UTC that have an edge inside';

CREATE FUNCTION rollup.watched_by_bucket(camera int, edges timestamptz[])
RETURNS TABLE (n int, watched_s float8) LANGUAGE plpgsql STABLE PARALLEL SAFE
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  step CONSTANT interval := interval '1 microsecond';
  start CONSTANT timestamptz := edges[1];
  stop CONSTANT timestamptz := edges[cardinality(edges)];
  -- Hours to read row by row: those with an edge inside, and the stale ones.
  read_hours CONSTANT timestamptz[] := ARRAY(
    SELECT unnest(rollup.cut_hours(edges))
    UNION SELECT bucket FROM rollup.stale_coverage WHERE camera_id = camera AND bucket >= start AND bucket < stop);
BEGIN
  RETURN QUERY
  SELECT part.n, sum(seconds)
  FROM (
    SELECT width_bucket(bucket, edges) AS n, watched_s AS seconds
    FROM rollup.coverage_hour
    WHERE camera_id = camera AND bucket >= start AND bucket < stop AND bucket NOT IN (SELECT unnest(read_hours))
    UNION ALL
    -- An observation is cut at the edges it spans.
    SELECT at, extract(epoch FROM least(to_at, edges[at + 1]) - greatest(from_at, edges[at]))::float8
               * rollup.watched_share(frames_wanted, frames_detected, reason)
    FROM unnest(read_hours) AS hour
    CROSS JOIN LATERAL (
      SELECT * FROM observation
      WHERE camera_id = camera AND from_at >= hour AND from_at < least(hour + interval '1 hour', stop) AND to_at > start
      OFFSET 0
    ) AS seen
    CROSS JOIN LATERAL generate_series(width_bucket(greatest(from_at, start), edges),
                                       width_bucket(least(to_at, stop) - step, edges)) AS at
  ) AS part
  GROUP BY 1;
END $$;
COMMENT ON FUNCTION rollup.watched_by_bucket(int, timestamptz[]) IS 'Seconds watched between one edge and the next';

CREATE FUNCTION traffic_series(processor int, start timestamptz, stop timestamptz, bucket text, time_zone text)
RETURNS TABLE (start_at timestamptz, stop_at timestamptz, value bigint, out_value bigint, watched_s float8)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  step CONSTANT interval := interval '1 microsecond';
  edges CONSTANT timestamptz[] := bucket_edges(start, stop, bucket, time_zone);
  read_hours CONSTANT timestamptz[] := ARRAY(
    SELECT unnest(rollup.cut_hours(edges))
    UNION SELECT stale.bucket - step FROM rollup.stale_traffic AS stale
    WHERE processor_id = processor AND stale.bucket > start AND stale.bucket <= stop);
BEGIN
  RETURN QUERY
  WITH passed AS (
    SELECT part.n, sum(came)::bigint AS came, sum(went)::bigint AS went
    FROM (
      SELECT width_bucket(hour.bucket - step, edges) AS n, hour.value AS came, hour.out_value AS went
      FROM rollup.traffic_hour AS hour
      WHERE processor_id = processor AND hour.bucket > start AND hour.bucket <= stop
        AND hour.bucket - step NOT IN (SELECT unnest(read_hours))
      UNION ALL
      SELECT width_bucket(ts - step, edges), CASE WHEN kind IN ('enter', 'cross_in') THEN event.value END,
             CASE WHEN kind IN ('exit', 'cross_out') THEN event.value END
      FROM unnest(read_hours) AS hour
      CROSS JOIN LATERAL (
        SELECT ts, kind, value FROM processor_event
        WHERE processor_id = processor AND ts > greatest(hour, start) AND ts <= least(hour + interval '1 hour', stop)
        OFFSET 0
      ) AS event
    ) AS part
    GROUP BY 1
  ),
  watched AS (SELECT * FROM rollup.watched_by_bucket(rollup.camera_of(processor), edges))
  SELECT edges[n], edges[n + 1], coalesce(came, 0), coalesce(went, 0), coalesce(watched.watched_s, 0.0)
  FROM generate_series(1, cardinality(edges) - 1) AS n
  LEFT JOIN passed USING (n) LEFT JOIN watched USING (n)
  ORDER BY n;
END $$;
COMMENT ON FUNCTION traffic_series(int, timestamptz, timestamptz, text, text) IS
  'Persons that came in and that left, bucket by bucket in a time zone, zeros included; see bucket_edges';

CREATE FUNCTION objects_at(processor int, at timestamptz, OUT value int, OUT ts timestamptz) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT value, ts FROM processor_event
  WHERE processor_id = processor AND ts <= at AND kind = 'count' ORDER BY ts DESC LIMIT 1;
END $$;
COMMENT ON FUNCTION objects_at(int, timestamptz) IS 'The last count at or before an instant; no row when there is none';

-- Spans must rise; those of one hour must touch.
CREATE FUNCTION rollup.presence_states(processor int, camera int, starts timestamptz[], stops timestamptz[])
RETURNS TABLE (span int, head_us bigint, known_us bigint, person_us bigint, fewest int, most int, last int)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH hour AS (
    SELECT rollup.hour_floor(a) AS starts_at, min(a) AS a, max(b) AS b
    FROM unnest(starts, stops) AS span (a, b) GROUP BY 1
  ),
  -- All instants at which something changes: ends of spans, counts, and ends of what was watched.
  change AS (
    SELECT n::int AS n, unnest(ARRAY[a, b]) AS at, NULL::int AS value, 0 AS watching
    FROM unnest(starts, stops) WITH ORDINALITY AS span (a, b, n)
    UNION ALL
    SELECT width_bucket(ts, starts), ts, value, 0
    FROM hour CROSS JOIN LATERAL (
      SELECT ts, value FROM processor_event
      WHERE processor_id = processor AND kind = 'count' AND ts >= hour.a AND ts < hour.b
      OFFSET 0
    ) AS counted
    UNION ALL
    SELECT part, unnest(ARRAY[greatest(from_at, starts[part]), least(to_at, stops[part])]), NULL, unnest(ARRAY[1, -1])
    FROM hour CROSS JOIN LATERAL (
      SELECT from_at, to_at FROM observation
      WHERE camera_id = camera AND from_at >= hour.starts_at AND from_at < hour.b AND to_at > hour.a
        AND rollup.watched_share(frames_wanted, frames_detected, reason) > 0
      OFFSET 0
    ) AS seen
    CROSS JOIN LATERAL generate_series(width_bucket(greatest(from_at, hour.a), starts),
                                       width_bucket(least(to_at, hour.b) - interval '1 microsecond', starts)) AS part
  ),
  instant AS (SELECT n, at, max(value) AS value, sum(watching) AS watching FROM change GROUP BY n, at),
  numbered AS (
    SELECT n, at, value, lead(at) OVER rising AS until, count(value) OVER rising AS counts,
           sum(watching) OVER rising AS watching
    FROM instant WINDOW rising AS (PARTITION BY n ORDER BY at)
  ),
  piece AS (
    SELECT n, counts, watching > 0 AND until > at AS is_watched,
           (extract(epoch FROM until - at) * 1000000)::bigint AS us,
           max(value) OVER (PARTITION BY n, counts) AS known
    FROM numbered
  )
  SELECT n,
         coalesce(sum(us) FILTER (WHERE is_watched AND counts = 0), 0)::bigint,
         coalesce(sum(us) FILTER (WHERE is_watched AND counts > 0), 0)::bigint,
         coalesce(sum(us * known) FILTER (WHERE is_watched AND counts > 0), 0)::bigint,
         min(known) FILTER (WHERE is_watched AND counts > 0), max(known) FILTER (WHERE is_watched AND counts > 0),
         (array_agg(known ORDER BY counts DESC))[1]
  FROM piece GROUP BY n;
END $$;
COMMENT ON FUNCTION rollup.presence_states(int, int, timestamptz[], timestamptz[]) IS
  'The state, as in rollup.presence_hour, of the step function of persons present over each of some spans';

CREATE FUNCTION presence_series(processor int, start timestamptz, stop timestamptz, bucket text, time_zone text)
RETURNS TABLE (start_at timestamptz, stop_at timestamptz, mean float8, fewest int, most int, watched_s float8)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  step CONSTANT interval := interval '1 microsecond';
  edges CONSTANT timestamptz[] := bucket_edges(start, stop, bucket, time_zone);
  camera CONSTANT int := rollup.camera_of(processor);
  -- Where events were dropped, the hours still know.
  held_before CONSTANT int := coalesce(
    (SELECT value FROM processor_event
     WHERE processor_id = processor AND ts < start AND kind = 'count' ORDER BY ts DESC LIMIT 1),
    (SELECT last FROM rollup.presence_hour AS hour
     WHERE processor_id = processor AND hour.bucket < start AND last IS NOT NULL ORDER BY hour.bucket DESC LIMIT 1));
  read_hours timestamptz[];
  starts timestamptz[];
  stops timestamptz[];
BEGIN
  -- Hours to read row by row: those with an edge inside, and the stale ones.
  read_hours := ARRAY(
    SELECT unnest(rollup.cut_hours(edges))
    UNION SELECT bucket FROM rollup.stale_presence WHERE processor_id = processor AND bucket >= start AND bucket < stop
    UNION SELECT bucket FROM rollup.stale_coverage WHERE camera_id = camera AND bucket >= start AND bucket < stop);
  SELECT array_agg(a ORDER BY a), array_agg(b ORDER BY a) INTO starts, stops
  FROM (
    SELECT at AS a, lead(at) OVER (ORDER BY at) AS b
    FROM (SELECT unnest(edges) AS at UNION SELECT unnest(read_hours)
          UNION SELECT hour + interval '1 hour' FROM unnest(read_hours) AS hour) AS cut
    WHERE at BETWEEN start AND stop
  ) AS span
  WHERE b IS NOT NULL AND rollup.hour_floor(a) IN (SELECT unnest(read_hours));
  RETURN QUERY
  WITH state AS (
    SELECT hour.bucket AS at, head_us, known_us, person_us, fewest, most, last
    FROM rollup.presence_hour AS hour
    WHERE processor_id = processor AND hour.bucket >= start AND hour.bucket < stop
      AND hour.bucket NOT IN (SELECT unnest(read_hours))
    UNION ALL
    SELECT starts[span], head_us, known_us, person_us, fewest, most, last
    FROM rollup.presence_states(processor, camera, starts, stops)
  ),
  numbered AS (SELECT *, count(last) OVER (ORDER BY at) AS counted FROM state),
  -- What holds at the end of each: its last count, or else the one before.
  held AS (SELECT *, max(last) OVER (PARTITION BY counted) AS holds FROM numbered),
  carried AS (SELECT *, coalesce(lag(holds) OVER (ORDER BY at), held_before) AS carry FROM held),
  present AS (
    SELECT width_bucket(at, edges) AS n,
           sum(person_us + coalesce(carry::bigint * head_us, 0))::float8
             / nullif(sum(known_us + CASE WHEN carry IS NULL THEN 0 ELSE head_us END), 0)::float8 AS mean,
           min(least(fewest, CASE WHEN head_us > 0 THEN carry END)) AS fewest,
           max(greatest(most, CASE WHEN head_us > 0 THEN carry END)) AS most
    FROM carried GROUP BY 1
  ),
  watched AS (SELECT * FROM rollup.watched_by_bucket(camera, edges))
  SELECT edges[n], edges[n + 1], present.mean, present.fewest, present.most, coalesce(watched.watched_s, 0.0)
  FROM generate_series(1, cardinality(edges) - 1) AS n
  LEFT JOIN present USING (n) LEFT JOIN watched USING (n)
  ORDER BY n;
END $$;
COMMENT ON FUNCTION presence_series(int, timestamptz, timestamptz, text, text) IS
  'Mean (weighted by time), fewest and most persons present, bucket by bucket in a time zone, over what was watched';
