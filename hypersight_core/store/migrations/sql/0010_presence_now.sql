-- For people and programs that read SQL: how many persons are there now, and whether anybody looks.

CREATE FUNCTION seen_until(camera int, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  -- A day is looked through and no more: whoever was away for longer is stale anyway.
  RETURN (SELECT least(to_at, at) FROM observation
          WHERE camera_id = camera AND from_at > at - interval '24 hours' AND from_at < at
            AND rollup.watched_share(frames_wanted, frames_detected, reason) > 0
          ORDER BY from_at DESC LIMIT 1);
END $$;
COMMENT ON FUNCTION seen_until(int, timestamptz) IS
  'Up to when, at or before an instant, a camera was really watched; null when not within the day before it';

CREATE VIEW presence_now AS
SELECT processor_id, camera_id, last.value AS people_count, last.ts AS counted_at, seen.at AS seen_until,
       seen.at IS NULL OR seen.at < now() - interval '1 minute' AS stale
FROM processor
CROSS JOIN LATERAL (SELECT seen_until(camera_id, now()) AS at) AS seen
CROSS JOIN LATERAL objects_at(processor_id, now()) AS last
WHERE deleted_at IS NULL;
COMMENT ON VIEW presence_now IS
  'The last known number of persons, one row a processor that ever counted; stale: nobody looked in the last minute';
COMMENT ON COLUMN presence_now.processor_id IS 'The processor';
COMMENT ON COLUMN presence_now.camera_id IS 'Its camera';
COMMENT ON COLUMN presence_now.people_count IS 'Persons present when last counted; never 0 for want of a look';
COMMENT ON COLUMN presence_now.counted_at IS 'Since when that many: counts are saved when they change';
COMMENT ON COLUMN presence_now.seen_until IS 'Up to when the camera was really watched; null: not in the last day';
COMMENT ON COLUMN presence_now.stale IS 'Whether nobody looked in the last minute: the number is only the last known';
