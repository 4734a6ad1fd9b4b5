-- Continuous aggregates, never read in real time: what they lack is known from the marks, so it is read exactly.

CREATE MATERIALIZED VIEW rollup.traffic_hour
WITH (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.create_group_indexes = false) AS
SELECT processor_id,
       time_bucket(interval '1 hour', ts, "offset" => interval '1 microsecond') AS bucket,
       sum(value) FILTER (WHERE kind IN ('enter', 'cross_in')) AS value,
       sum(value) FILTER (WHERE kind IN ('exit', 'cross_out')) AS out_value,
       min(ts) FILTER (WHERE kind IN ('enter', 'cross_in')) AS first_at,
       max(ts) FILTER (WHERE kind IN ('enter', 'cross_in')) AS last_at,
       count(*) AS events
FROM processor_event WHERE kind <> 'count'
GROUP BY 1, 2 WITH NO DATA;

CREATE MATERIALIZED VIEW rollup.traffic_day
WITH (timescaledb.continuous, timescaledb.materialized_only = true, timescaledb.create_group_indexes = false) AS
SELECT processor_id,
       time_bucket(interval '24 hours', bucket, "offset" => interval '1 microsecond') AS bucket,
       sum(value)::bigint AS value,
       sum(out_value)::bigint AS out_value,
       min(first_at) AS first_at,
       max(last_at) AS last_at,
       sum(events)::bigint AS events
FROM rollup.traffic_hour
GROUP BY 1, 2 WITH NO DATA;

-- Indexes hold all columns: rows of one processor lie apart, and would be a page each.
CREATE INDEX traffic_hour_ix ON rollup.traffic_hour (processor_id, bucket)
  INCLUDE (value, out_value, first_at, last_at, events);
CREATE INDEX traffic_day_ix ON rollup.traffic_day (processor_id, bucket)
  INCLUDE (value, out_value, first_at, last_at, events);

CREATE FUNCTION rollup.store_traffic(processors int[], hours timestamptz[]) RETURNS void LANGUAGE sql AS '';
COMMENT ON FUNCTION rollup.store_traffic(int[], timestamptz[]) IS
  'Does nothing: refresh_continuous_aggregate did it before';
