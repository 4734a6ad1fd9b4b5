-- Exact at any moment: rollups where they may be used, the rows themselves where not.

COMMENT ON COLUMN rollup.traffic_hour.processor_id IS 'The processor';
COMMENT ON COLUMN rollup.traffic_hour.bucket IS 'First instant of the hour: a microsecond after the full hour, in UTC';
COMMENT ON COLUMN rollup.traffic_hour.value IS 'Persons that came in';
COMMENT ON COLUMN rollup.traffic_hour.out_value IS 'Persons that left';
COMMENT ON COLUMN rollup.traffic_hour.first_at IS 'When the first came in';
COMMENT ON COLUMN rollup.traffic_hour.last_at IS 'When the last came in';
COMMENT ON COLUMN rollup.traffic_hour.events IS 'How many events there are';
COMMENT ON COLUMN rollup.traffic_day.processor_id IS 'The processor';
COMMENT ON COLUMN rollup.traffic_day.bucket IS 'First instant of the day: a microsecond after midnight, in UTC';
COMMENT ON COLUMN rollup.traffic_day.value IS 'Persons that came in';
COMMENT ON COLUMN rollup.traffic_day.out_value IS 'Persons that left';
COMMENT ON COLUMN rollup.traffic_day.first_at IS 'When the first came in';
COMMENT ON COLUMN rollup.traffic_day.last_at IS 'When the last came in';
COMMENT ON COLUMN rollup.traffic_day.events IS 'How many events there are';

CREATE TRIGGER rollup_truncate AFTER TRUNCATE ON processor_event
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_all_events();
CREATE TRIGGER rollup_truncate AFTER TRUNCATE ON observation
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_all_observations();

CREATE VIEW rollup.read_traffic_hour AS
SELECT stale.processor_id, stale.bucket, read.*
FROM rollup.stale_traffic AS stale CROSS JOIN LATERAL (
  SELECT sum(value) FILTER (WHERE kind IN ('enter', 'cross_in')) AS value,
         sum(value) FILTER (WHERE kind IN ('exit', 'cross_out')) AS out_value,
         min(ts) FILTER (WHERE kind IN ('enter', 'cross_in')) AS first_at,
         max(ts) FILTER (WHERE kind IN ('enter', 'cross_in')) AS last_at,
         count(*) AS events
  FROM processor_event
  WHERE processor_id = stale.processor_id AND kind <> 'count'
    AND ts >= stale.bucket AND ts < stale.bucket + interval '1 hour'
) AS read
WHERE events > 0;
COMMENT ON VIEW rollup.read_traffic_hour IS 'The stale hours with traffic, read from the events';

CREATE VIEW rollup.exact_traffic_hour AS
SELECT processor_id, bucket, value, out_value, first_at, last_at, events FROM rollup.traffic_hour AS kept
WHERE NOT EXISTS (SELECT FROM rollup.stale_traffic AS stale
                  WHERE stale.processor_id = kept.processor_id AND stale.bucket = kept.bucket)
UNION ALL
SELECT processor_id, bucket, value, out_value, first_at, last_at, events FROM rollup.read_traffic_hour;
COMMENT ON VIEW rollup.exact_traffic_hour IS 'Traffic of every hour that had any, exact at any moment';

CREATE VIEW rollup.exact_traffic_day AS
SELECT processor_id, bucket, value, out_value, first_at, last_at, events FROM rollup.traffic_day AS kept
WHERE NOT EXISTS (SELECT FROM rollup.stale_traffic AS stale
                  WHERE stale.processor_id = kept.processor_id
                    AND stale.bucket >= kept.bucket AND stale.bucket < kept.bucket + interval '24 hours')
UNION ALL
SELECT stale.processor_id, stale.bucket, read.*
FROM (SELECT DISTINCT processor_id,
                      rollup.traffic_day_of(bucket) AS bucket
      FROM rollup.stale_traffic) AS stale
CROSS JOIN LATERAL (
  SELECT sum(value)::bigint AS value, sum(out_value)::bigint AS out_value, min(first_at) AS first_at,
         max(last_at) AS last_at, sum(events)::bigint AS events
  FROM rollup.exact_traffic_hour AS hour
  WHERE hour.processor_id = stale.processor_id
    AND hour.bucket >= stale.bucket AND hour.bucket < stale.bucket + interval '24 hours'
) AS read
WHERE events > 0;
COMMENT ON VIEW rollup.exact_traffic_day IS 'Traffic of every day, in UTC, that had any, exact at any moment';

CREATE FUNCTION rollup.watched_share(frames_wanted int, frames_detected int, reason text) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Time watched for want of any wanted frame (slow cameras) counts unless something went wrong.
RETURN CASE WHEN frames_wanted > 0 THEN least(1.0, frames_detected::float8 / frames_wanted)
            WHEN reason IS NULL THEN 1.0 ELSE 0.0 END;
COMMENT ON FUNCTION rollup.watched_share(int, int, text) IS 'How much of an observation''s time was watched, 0 to 1';

CREATE VIEW rollup.read_coverage_hour AS
SELECT stale.camera_id, stale.bucket, read.watched_s
FROM rollup.stale_coverage AS stale CROSS JOIN LATERAL (
  SELECT sum(extract(epoch FROM to_at - from_at)::float8
             * rollup.watched_share(frames_wanted, frames_detected, reason)) AS watched_s
  FROM observation
  WHERE camera_id = stale.camera_id
    AND from_at >= stale.bucket AND from_at < stale.bucket + interval '1 hour'
) AS read
WHERE watched_s IS NOT NULL;
COMMENT ON VIEW rollup.read_coverage_hour IS 'The stale hours that were observed, read from the observations';

CREATE VIEW coverage_hour AS
SELECT camera_id, bucket, watched_s FROM rollup.coverage_hour AS kept
WHERE NOT EXISTS (SELECT FROM rollup.stale_coverage AS stale
                  WHERE stale.camera_id = kept.camera_id AND stale.bucket = kept.bucket)
UNION ALL
SELECT camera_id, bucket, watched_s FROM rollup.read_coverage_hour;

CREATE VIEW coverage_day AS
SELECT camera_id, bucket, watched_s FROM rollup.coverage_day AS kept
WHERE NOT EXISTS (SELECT FROM rollup.stale_coverage AS stale
                  WHERE stale.camera_id = kept.camera_id
                    AND stale.bucket >= kept.bucket AND stale.bucket < kept.bucket + interval '24 hours')
UNION ALL
SELECT stale.camera_id, stale.bucket, read.watched_s
FROM (SELECT DISTINCT camera_id, rollup.day_floor(bucket) AS bucket
      FROM rollup.stale_coverage) AS stale
CROSS JOIN LATERAL (
  SELECT sum(watched_s) AS watched_s FROM coverage_hour AS hour
  WHERE hour.camera_id = stale.camera_id
    AND hour.bucket >= stale.bucket AND hour.bucket < stale.bucket + interval '24 hours'
) AS read
WHERE watched_s IS NOT NULL;

-- For people and programs that read SQL: the same, with round bucket starts.
CREATE VIEW traffic_hour AS
SELECT processor_id, bucket - interval '1 microsecond' AS bucket, coalesce(value, 0) AS value,
       coalesce(out_value, 0) AS out_value, first_at, last_at
FROM rollup.exact_traffic_hour;
COMMENT ON VIEW traffic_hour IS 'Persons passing, one row an hour with any event; exact at any moment';
COMMENT ON COLUMN traffic_hour.processor_id IS 'The processor';
COMMENT ON COLUMN traffic_hour.bucket IS 'The hour bucket < ts <= bucket + 1 hour, in UTC';
COMMENT ON COLUMN traffic_hour.value IS 'Persons that came in';
COMMENT ON COLUMN traffic_hour.out_value IS 'Persons that left';
COMMENT ON COLUMN traffic_hour.first_at IS 'When the first came in';
COMMENT ON COLUMN traffic_hour.last_at IS 'When the last came in';

CREATE VIEW traffic_day AS
SELECT processor_id, bucket - interval '1 microsecond' AS bucket, coalesce(value, 0) AS value,
       coalesce(out_value, 0) AS out_value, first_at, last_at
FROM rollup.exact_traffic_day;
COMMENT ON VIEW traffic_day IS 'Persons passing, one row a day in UTC with any event; exact at any moment';
COMMENT ON COLUMN traffic_day.processor_id IS 'The processor';
COMMENT ON COLUMN traffic_day.bucket IS 'The day bucket < ts <= bucket + 1 day, in UTC';
COMMENT ON COLUMN traffic_day.value IS 'Persons that came in';
COMMENT ON COLUMN traffic_day.out_value IS 'Persons that left';
COMMENT ON COLUMN traffic_day.first_at IS 'When the first came in';
COMMENT ON COLUMN traffic_day.last_at IS 'When the last came in';

COMMENT ON VIEW coverage_hour IS
  'For how long a camera was watched, one row an hour that was observed; exact at any moment';
COMMENT ON COLUMN coverage_hour.camera_id IS 'The camera';
COMMENT ON COLUMN coverage_hour.bucket IS 'Start of the hour, in UTC';
COMMENT ON COLUMN coverage_hour.watched_s IS 'Seconds watched';

COMMENT ON VIEW coverage_day IS
  'For how long a camera was watched, one row a day in UTC that was observed; exact at any moment';
COMMENT ON COLUMN coverage_day.camera_id IS 'The camera';
COMMENT ON COLUMN coverage_day.bucket IS 'Start of the day, in UTC';
COMMENT ON COLUMN coverage_day.watched_s IS 'Seconds watched';
