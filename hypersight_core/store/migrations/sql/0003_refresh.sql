-- Taking marks away: what a refresh does once the continuous aggregates, where there are any, were refreshed.

CREATE FUNCTION rollup.days_of(processors int[], hours timestamptz[])
RETURNS TABLE (processor_id int, bucket timestamptz) LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
  SELECT DISTINCT p, rollup.traffic_day_of(h)
  FROM unnest(processors, hours) AS hour (p, h);
END;
COMMENT ON FUNCTION rollup.days_of(int[], timestamptz[]) IS 'The days of some hours of traffic, each once';

CREATE VIEW rollup.days_of_hours AS
SELECT hour.processor_id, rollup.traffic_day_of(hour.bucket) AS bucket,
       sum(value)::bigint AS value, sum(out_value)::bigint AS out_value, min(first_at) AS first_at,
       max(last_at) AS last_at, sum(events)::bigint AS events
FROM rollup.traffic_hour AS hour GROUP BY 1, 2;
COMMENT ON VIEW rollup.days_of_hours IS 'Days summed up from the stored hours: what rollup.traffic_day should hold';

CREATE FUNCTION rollup.settle(start timestamptz, stop timestamptz, OUT settled bigint, OUT refused bigint)
LANGUAGE plpgsql SET jit = off AS $$
#variable_conflict use_column
DECLARE
  passers int[];
  traffic_hours timestamptz[];
  counters int[];
  presence_hours timestamptz[];
  cameras int[];
  coverage_hours timestamptz[];
BEGIN
  -- Each statement that follows sees what the writers waited for here have written.
  SELECT array_agg(processor_id), array_agg(bucket) INTO passers, traffic_hours
  FROM (SELECT * FROM rollup.stale_traffic WHERE bucket >= start AND bucket < stop ORDER BY 1, 2 FOR UPDATE) AS locked;
  SELECT array_agg(processor_id), array_agg(bucket) INTO counters, presence_hours
  FROM (SELECT * FROM rollup.stale_presence WHERE bucket >= start AND bucket < stop ORDER BY 1, 2 FOR UPDATE) AS locked;
  SELECT array_agg(camera_id), array_agg(bucket) INTO cameras, coverage_hours
  FROM (SELECT * FROM rollup.stale_coverage WHERE bucket >= start AND bucket < stop ORDER BY 1, 2 FOR UPDATE) AS locked;

  PERFORM rollup.store_traffic(passers, traffic_hours);
  PERFORM rollup.store_presence(counters, presence_hours, cameras, coverage_hours);
  PERFORM rollup.store_coverage(cameras, coverage_hours);

  -- A continuous aggregate is not believed: the mark goes only when hour and day equal what they are made from.
  WITH asked AS (SELECT * FROM unnest(passers, traffic_hours) AS hour (processor_id, bucket)),
  read AS (SELECT * FROM rollup.read_traffic_hour JOIN asked USING (processor_id, bucket)),
  kept AS (SELECT processor_id, bucket, value, out_value, first_at, last_at, events
           FROM rollup.traffic_hour JOIN asked USING (processor_id, bucket)),
  asked_day AS (SELECT * FROM rollup.days_of(passers, traffic_hours)),
  summed_day AS (SELECT * FROM rollup.days_of_hours JOIN asked_day USING (processor_id, bucket)),
  kept_day AS (SELECT processor_id, bucket, value, out_value, first_at, last_at, events
               FROM rollup.traffic_day JOIN asked_day USING (processor_id, bucket)),
  wrong AS ((TABLE read EXCEPT TABLE kept) UNION ALL (TABLE kept EXCEPT TABLE read)),
  wrong_day AS ((TABLE summed_day EXCEPT TABLE kept_day) UNION ALL (TABLE kept_day EXCEPT TABLE summed_day)),
  proven AS (
    DELETE FROM rollup.stale_traffic AS stale USING asked
    WHERE stale.processor_id = asked.processor_id AND stale.bucket = asked.bucket
      AND NOT EXISTS (SELECT FROM wrong WHERE wrong.processor_id = stale.processor_id AND wrong.bucket = stale.bucket)
      AND NOT EXISTS (SELECT FROM wrong_day
                      WHERE wrong_day.processor_id = stale.processor_id
                        AND wrong_day.bucket = rollup.traffic_day_of(stale.bucket))
    RETURNING 1
  )
  SELECT count(*) INTO settled FROM proven;
  refused := coalesce(cardinality(passers), 0) - settled;

  DELETE FROM rollup.stale_presence AS stale USING unnest(counters, presence_hours) AS asked (processor_id, bucket)
  WHERE stale.processor_id = asked.processor_id AND stale.bucket = asked.bucket;
  DELETE FROM rollup.stale_coverage AS stale USING unnest(cameras, coverage_hours) AS asked (camera_id, bucket)
  WHERE stale.camera_id = asked.camera_id AND stale.bucket = asked.bucket;
  settled := settled + coalesce(cardinality(counters), 0) + coalesce(cardinality(cameras), 0);
END $$;
COMMENT ON FUNCTION rollup.settle(timestamptz, timestamptz) IS
  'Stores the stale hours from start on, before stop, and takes away the marks of those found equal to the events';

CREATE FUNCTION rollup.store_presence(
  processors int[], presence_hours timestamptz[], cameras int[], coverage_hours timestamptz[]) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  DELETE FROM rollup.presence_hour AS kept USING unnest(processors, presence_hours) AS asked (processor_id, bucket)
  WHERE kept.processor_id = asked.processor_id AND kept.bucket = asked.bucket;
  DELETE FROM rollup.presence_hour AS kept
  USING unnest(cameras, coverage_hours) AS asked (camera_id, bucket) JOIN processor USING (camera_id)
  WHERE kept.processor_id = processor.processor_id AND kept.bucket = asked.bucket;

  INSERT INTO rollup.presence_hour (processor_id, bucket, head_us, known_us, person_us, fewest, most, last)
  SELECT processor_id, hours[span], head_us, known_us, person_us, fewest, most, last
  FROM (
    SELECT processor_id, camera_id, array_agg(bucket ORDER BY bucket) AS hours,
           array_agg(bucket + interval '1 hour' ORDER BY bucket) AS ends
    FROM (
      SELECT processor_id, bucket FROM unnest(processors, presence_hours) AS asked (processor_id, bucket)
      UNION
      SELECT processor_id, bucket
      FROM unnest(cameras, coverage_hours) AS asked (camera_id, bucket) JOIN processor USING (camera_id)
    ) AS touched JOIN processor USING (processor_id)
    WHERE kind NOT IN ('traffic', 'faces')  -- they never write counts
    GROUP BY 1, 2
  ) AS wanted
  CROSS JOIN LATERAL rollup.presence_states(processor_id, camera_id, hours, ends)
  WHERE head_us > 0 OR known_us > 0 OR last IS NOT NULL;
END $$;
COMMENT ON FUNCTION rollup.store_presence(int[], timestamptz[], int[], timestamptz[]) IS
  'Computes the presence of hours whose events or observations changed';

CREATE FUNCTION rollup.store_coverage(cameras int[], hours timestamptz[]) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  DELETE FROM rollup.coverage_hour AS kept USING unnest(cameras, hours) AS asked (camera_id, bucket)
  WHERE kept.camera_id = asked.camera_id AND kept.bucket = asked.bucket;
  INSERT INTO rollup.coverage_hour (camera_id, bucket, watched_s)
  SELECT camera_id, bucket, watched_s
  FROM rollup.read_coverage_hour JOIN unnest(cameras, hours) AS asked (camera_id, bucket) USING (camera_id, bucket);

  INSERT INTO rollup.coverage_day AS kept (camera_id, bucket, watched_s)
  SELECT camera_id, day, (SELECT coalesce(sum(watched_s), 0.0) FROM rollup.coverage_hour AS hour
                          WHERE hour.camera_id = touched.camera_id
                            AND hour.bucket >= day AND hour.bucket < day + interval '24 hours')
  FROM (SELECT DISTINCT camera_id, rollup.day_floor(hour) AS day
        FROM unnest(cameras, hours) AS asked (camera_id, hour)) AS touched
  ON CONFLICT (camera_id, bucket) DO UPDATE SET watched_s = excluded.watched_s;
END $$;
COMMENT ON FUNCTION rollup.store_coverage(int[], timestamptz[]) IS
  'Sums up the coverage of stale hours, and of their days, anew';
