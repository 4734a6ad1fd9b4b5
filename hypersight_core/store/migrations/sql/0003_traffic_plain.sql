-- The same relations that TimescaleDB keeps as continuous aggregates. Keys hold all columns: rows of one processor
-- lie apart, and would be a page each.

CREATE TABLE rollup.traffic_hour (
  processor_id int NOT NULL,
  bucket timestamptz NOT NULL,
  value bigint,
  out_value bigint,
  first_at timestamptz,
  last_at timestamptz,
  events bigint NOT NULL,
  CONSTRAINT traffic_hour_pk PRIMARY KEY (processor_id, bucket) INCLUDE (value, out_value, first_at, last_at, events)
);
CREATE TABLE rollup.traffic_day (
  LIKE rollup.traffic_hour,
  CONSTRAINT traffic_day_pk PRIMARY KEY (processor_id, bucket) INCLUDE (value, out_value, first_at, last_at, events)
);

CREATE TRIGGER rollup_insert AFTER INSERT ON processor_event REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_events();
CREATE TRIGGER rollup_update_new AFTER UPDATE ON processor_event REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_events();
CREATE TRIGGER rollup_update_old AFTER UPDATE ON processor_event REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_events();
CREATE TRIGGER rollup_delete AFTER DELETE ON processor_event REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_events();
CREATE TRIGGER rollup_insert AFTER INSERT ON observation REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_observations();
CREATE TRIGGER rollup_update_new AFTER UPDATE ON observation REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_observations();
CREATE TRIGGER rollup_update_old AFTER UPDATE ON observation REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_observations();
CREATE TRIGGER rollup_delete AFTER DELETE ON observation REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_observations();

CREATE FUNCTION rollup.store_traffic(processors int[], hours timestamptz[]) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  DELETE FROM rollup.traffic_hour AS kept USING unnest(processors, hours) AS asked (processor_id, bucket)
  WHERE kept.processor_id = asked.processor_id AND kept.bucket = asked.bucket;
  INSERT INTO rollup.traffic_hour (processor_id, bucket, value, out_value, first_at, last_at, events)
  SELECT processor_id, bucket, value, out_value, first_at, last_at, events
  FROM rollup.read_traffic_hour JOIN unnest(processors, hours) AS asked (processor_id, bucket)
  USING (processor_id, bucket);

  DELETE FROM rollup.traffic_day AS kept USING rollup.days_of(processors, hours) AS asked
  WHERE kept.processor_id = asked.processor_id AND kept.bucket = asked.bucket;
  INSERT INTO rollup.traffic_day (processor_id, bucket, value, out_value, first_at, last_at, events)
  SELECT processor_id, bucket, value, out_value, first_at, last_at, events
  FROM rollup.days_of_hours JOIN rollup.days_of(processors, hours) AS asked USING (processor_id, bucket);
END $$;
COMMENT ON FUNCTION rollup.store_traffic(int[], timestamptz[]) IS 'Sums up stale hours, and their days, anew';
