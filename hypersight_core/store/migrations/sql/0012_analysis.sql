-- For analysts: what days changed, coverage in buckets, and person-time beside the mean.

-- An hour's mark goes when its sums are proven (0003_stale_hours). Whoever derives more from the events (dbt) asks
-- which days are marked or were settled since it last looked. clock_timestamp and not now: the mark may be of a
-- writer that committed after the refresh began.
CREATE TABLE rollup.settled_day (
  what text NOT NULL,
  subject_id int NOT NULL,
  day date NOT NULL,
  settled_at timestamptz NOT NULL,
  CONSTRAINT settled_day_pk PRIMARY KEY (what, subject_id, day)
);
COMMENT ON TABLE rollup.settled_day IS 'When the hours of a day were last summed up: what changed since then is marked as stale';
COMMENT ON COLUMN rollup.settled_day.what IS 'traffic, presence or coverage';
COMMENT ON COLUMN rollup.settled_day.subject_id IS 'The processor; of coverage the camera';
COMMENT ON COLUMN rollup.settled_day.day IS 'The day, in UTC';
COMMENT ON COLUMN rollup.settled_day.settled_at IS 'When one of its hours was last summed up';

CREATE FUNCTION rollup.note_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup.settled_day AS known (what, subject_id, day, settled_at)
  SELECT TG_ARGV[0], (to_jsonb(gone) ->> TG_ARGV[1])::int, (bucket AT TIME ZONE 'UTC')::date, clock_timestamp()
  FROM gone GROUP BY 2, 3 ORDER BY 2, 3
  ON CONFLICT (what, subject_id, day) DO UPDATE SET settled_at = excluded.settled_at;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup.note_settled() IS 'Notes the days of all marks that a statement took away';

CREATE TRIGGER settled AFTER DELETE ON rollup.stale_traffic REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.note_settled('traffic', 'processor_id');
CREATE TRIGGER settled AFTER DELETE ON rollup.stale_presence REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.note_settled('presence', 'processor_id');
CREATE TRIGGER settled AFTER DELETE ON rollup.stale_coverage REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.note_settled('coverage', 'camera_id');

CREATE FUNCTION coverage_series(camera int, start timestamptz, stop timestamptz, bucket text, time_zone text)
RETURNS TABLE (start_at timestamptz, stop_at timestamptz, watched_s float8)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  edges CONSTANT timestamptz[] := bucket_edges(start, stop, bucket, time_zone);
BEGIN
  RETURN QUERY
  WITH watched AS (SELECT * FROM rollup.watched_by_bucket(camera, edges))
  SELECT edges[n], edges[n + 1], coalesce(watched.watched_s, 0.0)
  FROM generate_series(1, cardinality(edges) - 1) AS n LEFT JOIN watched USING (n)
  ORDER BY n;
END $$;
COMMENT ON FUNCTION coverage_series(int, timestamptz, timestamptz, text, text) IS
  'Seconds a camera was really watched, bucket by bucket in a time zone; see bucket_edges';

CREATE FUNCTION rollup.presence_buckets(processor int, start timestamptz, stop timestamptz, bucket text, time_zone text)
RETURNS TABLE (start_at timestamptz, stop_at timestamptz, person_us bigint, known_us bigint, fewest int, most int,
               watched_s float8)
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
           sum(person_us + coalesce(carry::bigint * head_us, 0))::bigint AS person_us,
           sum(known_us + CASE WHEN carry IS NULL THEN 0 ELSE head_us END)::bigint AS known_us,
           min(least(fewest, CASE WHEN head_us > 0 THEN carry END)) AS fewest,
           max(greatest(most, CASE WHEN head_us > 0 THEN carry END)) AS most
    FROM carried GROUP BY 1
  ),
  watched AS (SELECT * FROM rollup.watched_by_bucket(camera, edges))
  SELECT edges[n], edges[n + 1], coalesce(present.person_us, 0), coalesce(present.known_us, 0), present.fewest,
         present.most, coalesce(watched.watched_s, 0.0)
  FROM generate_series(1, cardinality(edges) - 1) AS n
  LEFT JOIN present USING (n) LEFT JOIN watched USING (n)
  ORDER BY n;
END $$;
COMMENT ON FUNCTION rollup.presence_buckets(int, timestamptz, timestamptz, text, text) IS
  'Persons times microseconds, microseconds for which a count is known, fewest and most present, bucket by bucket';

CREATE FUNCTION occupancy_series(processor int, start timestamptz, stop timestamptz, bucket text, time_zone text)
RETURNS TABLE (start_at timestamptz, stop_at timestamptz, person_us bigint, known_us bigint, mean float8, fewest int,
               most int, watched_s float8)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT start_at, stop_at, person_us, known_us, person_us::float8 / nullif(known_us, 0)::float8, fewest, most, watched_s
  FROM rollup.presence_buckets(processor, start, stop, bucket, time_zone)
$$;
COMMENT ON FUNCTION occupancy_series(int, timestamptz, timestamptz, text, text) IS
  'Persons times microseconds, the microseconds a count is known for, and mean, fewest and most persons present';

CREATE OR REPLACE FUNCTION presence_series(
  processor int, start timestamptz, stop timestamptz, bucket text, time_zone text)
RETURNS TABLE (start_at timestamptz, stop_at timestamptz, mean float8, fewest int, most int, watched_s float8)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT start_at, stop_at, person_us::float8 / nullif(known_us, 0)::float8, fewest, most, watched_s
  FROM rollup.presence_buckets(processor, start, stop, bucket, time_zone)
$$;
