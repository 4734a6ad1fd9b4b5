-- Rollups of presence and coverage: tables on every server, as they are made of two tables each or in parts.

CREATE TABLE rollup.presence_hour (
  processor_id int NOT NULL,
  bucket timestamptz NOT NULL,
  head_us bigint NOT NULL,
  known_us bigint NOT NULL,
  person_us bigint NOT NULL,
  fewest int,
  most int,
  last int,
  CONSTRAINT presence_hour_pk PRIMARY KEY (processor_id, bucket)
    INCLUDE (head_us, known_us, person_us, fewest, most, last)
);
COMMENT ON TABLE rollup.presence_hour IS
  'How many persons were present: the state of a step function over one hour, that adds up to longer times';
COMMENT ON COLUMN rollup.presence_hour.processor_id IS 'The processor';
COMMENT ON COLUMN rollup.presence_hour.bucket IS 'Start of the hour, in UTC';
COMMENT ON COLUMN rollup.presence_hour.head_us IS
  'Microseconds watched before the first count: an earlier hour''s last one holds';
COMMENT ON COLUMN rollup.presence_hour.known_us IS 'Microseconds watched from the first count on';
COMMENT ON COLUMN rollup.presence_hour.person_us IS 'Persons times microseconds, over known_us';
COMMENT ON COLUMN rollup.presence_hour.fewest IS 'Fewest persons present during known_us; null when it is 0';
COMMENT ON COLUMN rollup.presence_hour.most IS 'Most persons present during known_us; null when it is 0';
COMMENT ON COLUMN rollup.presence_hour.last IS 'The last count in it; null when there is none';

CREATE TABLE rollup.coverage_hour (
  camera_id int NOT NULL,
  bucket timestamptz NOT NULL,
  watched_s float8 NOT NULL,
  CONSTRAINT coverage_hour_pk PRIMARY KEY (camera_id, bucket) INCLUDE (watched_s)
);
CREATE TABLE rollup.coverage_day (
  LIKE rollup.coverage_hour,
  CONSTRAINT coverage_day_pk PRIMARY KEY (camera_id, bucket) INCLUDE (watched_s)
);
COMMENT ON TABLE rollup.coverage_hour IS 'For how long a camera was watched in one hour';
COMMENT ON TABLE rollup.coverage_day IS 'For how long a camera was watched in one day, in UTC';
COMMENT ON COLUMN rollup.coverage_hour.camera_id IS 'The camera';
COMMENT ON COLUMN rollup.coverage_hour.bucket IS 'Start of the hour, in UTC';
COMMENT ON COLUMN rollup.coverage_hour.watched_s IS 'Seconds watched';
COMMENT ON COLUMN rollup.coverage_day.camera_id IS 'The camera';
COMMENT ON COLUMN rollup.coverage_day.bucket IS 'Start of the day, in UTC';
COMMENT ON COLUMN rollup.coverage_day.watched_s IS 'Seconds watched';
