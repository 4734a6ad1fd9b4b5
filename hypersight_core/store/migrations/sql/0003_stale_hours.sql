-- What is precomputed, and which of it may be used.
--
-- Rollups hold sums of whole hours and days. A rollup of an hour may be read only while the hour is not marked as
-- stale. Whoever writes events or observations marks their hours in the same transaction; a refresh takes a mark
-- away after it has found the rollup equal to what it was made from. So every answer is exact at any moment, whether
-- rows come late, a refresh is running, or none ever runs: a stale hour is read from the rows themselves.
--
-- The statement that marks locks marks that are there already. A refresh locks the marks it means to take away before
-- it looks at the rows, so it either sees what a writer wrote or waits for it; it never misses it.

CREATE SCHEMA rollup;
COMMENT ON SCHEMA rollup IS 'Precomputed hours and days; ask the views and functions of schema public instead';

CREATE FUNCTION rollup.hour_floor(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 hour', at, timestamptz '2000-01-01 00:00:00+00');
COMMENT ON FUNCTION rollup.hour_floor(timestamptz) IS 'The last full hour, in UTC, at or before an instant';

CREATE FUNCTION rollup.day_floor(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 day', at, timestamptz '2000-01-01 00:00:00+00');
COMMENT ON FUNCTION rollup.day_floor(timestamptz) IS 'The last midnight, in UTC, at or before an instant';

-- Traffic asks for start < ts <= stop: its hours and days begin a microsecond, the step of timestamptz, later.
CREATE FUNCTION rollup.traffic_hour_of(ts timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 hour', ts, timestamptz '2000-01-01 00:00:00.000001+00');
COMMENT ON FUNCTION rollup.traffic_hour_of(timestamptz) IS 'First instant of the hour of traffic an instant belongs to';

CREATE FUNCTION rollup.traffic_day_of(ts timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 day', ts, timestamptz '2000-01-01 00:00:00.000001+00');
COMMENT ON FUNCTION rollup.traffic_day_of(timestamptz) IS
  'First instant of the day of traffic, in UTC, an instant belongs to';

CREATE TABLE rollup.stale_traffic (
  processor_id int NOT NULL,
  bucket timestamptz NOT NULL,
  CONSTRAINT stale_traffic_pk PRIMARY KEY (processor_id, bucket)
) WITH (fillfactor = 50);
COMMENT ON TABLE rollup.stale_traffic IS 'Hours whose traffic is read event by event until the next refresh';
COMMENT ON COLUMN rollup.stale_traffic.processor_id IS 'The processor';
COMMENT ON COLUMN rollup.stale_traffic.bucket IS 'First instant of the hour: a microsecond after the full hour, in UTC';

CREATE TABLE rollup.stale_presence (
  processor_id int NOT NULL,
  bucket timestamptz NOT NULL,
  CONSTRAINT stale_presence_pk PRIMARY KEY (processor_id, bucket)
) WITH (fillfactor = 50);
COMMENT ON TABLE rollup.stale_presence IS 'Hours whose presence is read count by count until the next refresh';
COMMENT ON COLUMN rollup.stale_presence.processor_id IS 'The processor';
COMMENT ON COLUMN rollup.stale_presence.bucket IS 'Start of the hour, in UTC';

CREATE TABLE rollup.stale_coverage (
  camera_id int NOT NULL,
  bucket timestamptz NOT NULL,
  CONSTRAINT stale_coverage_pk PRIMARY KEY (camera_id, bucket)
) WITH (fillfactor = 50);
COMMENT ON TABLE rollup.stale_coverage IS
  'Hours whose coverage is read observation by observation until the next refresh';
COMMENT ON COLUMN rollup.stale_coverage.camera_id IS 'The camera';
COMMENT ON COLUMN rollup.stale_coverage.bucket IS 'Start of the hour, in UTC';

-- Rows sorted: everybody locks in one order. DO UPDATE … WHERE false changes nothing and locks all the same.
CREATE FUNCTION rollup.mark_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup.stale_traffic (processor_id, bucket)
  SELECT DISTINCT processor_id, rollup.traffic_hour_of(ts) FROM changed WHERE kind <> 'count' ORDER BY 1, 2
  ON CONFLICT (processor_id, bucket) DO UPDATE SET bucket = excluded.bucket WHERE false;
  INSERT INTO rollup.stale_presence (processor_id, bucket)
  SELECT DISTINCT processor_id, rollup.hour_floor(ts) FROM changed WHERE kind = 'count' ORDER BY 1, 2
  ON CONFLICT (processor_id, bucket) DO UPDATE SET bucket = excluded.bucket WHERE false;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup.mark_events() IS 'Marks the hours of all events a statement changed';

CREATE FUNCTION rollup.mark_observations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup.stale_coverage (camera_id, bucket)
  SELECT DISTINCT camera_id, rollup.hour_floor(from_at) FROM changed ORDER BY 1, 2
  ON CONFLICT (camera_id, bucket) DO UPDATE SET bucket = excluded.bucket WHERE false;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup.mark_observations() IS 'Marks the hours of all observations a statement changed';

-- For hypertables, which give their triggers no table of the rows that were changed or deleted.
CREATE FUNCTION rollup.mark_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup.stale_traffic (processor_id, bucket)
  SELECT DISTINCT processor_id, rollup.traffic_hour_of(ts)
  FROM (VALUES (OLD.processor_id, OLD.ts, OLD.kind), (NEW.processor_id, NEW.ts, NEW.kind))
       AS changed (processor_id, ts, kind)
  WHERE kind <> 'count' ORDER BY 1, 2
  ON CONFLICT (processor_id, bucket) DO UPDATE SET bucket = excluded.bucket WHERE false;
  INSERT INTO rollup.stale_presence (processor_id, bucket)
  SELECT DISTINCT processor_id, rollup.hour_floor(ts)
  FROM (VALUES (OLD.processor_id, OLD.ts, OLD.kind), (NEW.processor_id, NEW.ts, NEW.kind))
       AS changed (processor_id, ts, kind)
  WHERE kind = 'count' ORDER BY 1, 2
  ON CONFLICT (processor_id, bucket) DO UPDATE SET bucket = excluded.bucket WHERE false;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup.mark_event() IS 'Marks the hours of one event that was changed';

CREATE FUNCTION rollup.mark_observation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup.stale_coverage (camera_id, bucket)
  SELECT DISTINCT camera_id, rollup.hour_floor(from_at)
  FROM (VALUES (OLD.camera_id, OLD.from_at), (NEW.camera_id, NEW.from_at)) AS changed (camera_id, from_at)
  WHERE camera_id IS NOT NULL ORDER BY 1, 2
  ON CONFLICT (camera_id, bucket) DO UPDATE SET bucket = excluded.bucket WHERE false;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup.mark_observation() IS 'Marks the hours of one observation that was changed';

-- TRUNCATE tells no rows: all that is stored becomes stale.
CREATE FUNCTION rollup.mark_all_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup.stale_traffic (processor_id, bucket)
  SELECT processor_id, bucket FROM rollup.traffic_hour ORDER BY 1, 2 ON CONFLICT DO NOTHING;
  INSERT INTO rollup.stale_presence (processor_id, bucket)
  SELECT processor_id, bucket FROM rollup.presence_hour ORDER BY 1, 2 ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup.mark_all_events() IS 'Marks every hour of every processor';

CREATE FUNCTION rollup.mark_all_observations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rollup.stale_coverage (camera_id, bucket)
  SELECT camera_id, bucket FROM rollup.coverage_hour ORDER BY 1, 2 ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION rollup.mark_all_observations() IS 'Marks every hour of every camera';
