-- What somebody sees who is limited to groups of cameras: views by the tables' names, in a schema of their
-- own. A transaction that is limited (store/engine.py) names this schema first, so that whatever it asks,
-- it asks these. Tables that are missing here are asked by the number of a camera or processor only.
CREATE SCHEMA limited;

CREATE FUNCTION limited.groups() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  -- without the setting an error, with an empty one nothing at all
  SELECT string_to_array(current_setting('hypersight.groups'), ',')
$$;
COMMENT ON FUNCTION limited.groups IS 'Groups of cameras the transaction is limited to';

CREATE VIEW limited.camera AS
SELECT * FROM public.camera WHERE groups && limited.groups()
WITH CHECK OPTION;

CREATE VIEW limited.processor AS
SELECT * FROM public.processor
WHERE camera_id IN (SELECT camera_id FROM public.camera WHERE groups && limited.groups())
WITH CHECK OPTION;

CREATE VIEW limited.processor_version AS
SELECT * FROM public.processor_version
WHERE processor_id IN (SELECT processor_id FROM limited.processor)
WITH CHECK OPTION;

CREATE VIEW limited.preview_request AS
SELECT * FROM public.preview_request
WHERE processor_id IN (SELECT processor_id FROM limited.processor)
WITH CHECK OPTION;

CREATE VIEW limited.validation AS
SELECT * FROM public.validation
WHERE processor_id IN (SELECT processor_id FROM limited.processor)
WITH CHECK OPTION;

CREATE VIEW limited.watcher_lease AS
SELECT * FROM public.watcher_lease
WHERE camera_id IN (SELECT camera_id FROM limited.camera)
WITH CHECK OPTION;

CREATE VIEW limited.watcher_failure AS
SELECT * FROM public.watcher_failure
WHERE camera_id IN (SELECT camera_id FROM limited.camera)
WITH CHECK OPTION;

CREATE VIEW limited.camera_outage AS
SELECT * FROM public.camera_outage
WHERE camera_id IN (SELECT camera_id FROM limited.camera)
WITH CHECK OPTION;

CREATE VIEW limited.notification AS
SELECT * FROM public.notification
WHERE outage_id IN (SELECT outage_id FROM limited.camera_outage)
WITH CHECK OPTION;

CREATE VIEW limited.event_outbox AS
SELECT * FROM public.event_outbox
WHERE camera_id IN (SELECT camera_id FROM limited.camera)
WITH CHECK OPTION;

-- Addresses of the whole server.
CREATE VIEW limited.event_subscriber AS
SELECT * FROM public.event_subscriber WHERE false
WITH CHECK OPTION;

-- Nobody wider than oneself can be seen, changed or made.
CREATE VIEW limited.account AS
SELECT * FROM public.account WHERE groups <> '{}' AND groups <@ limited.groups()
WITH CHECK OPTION;

CREATE VIEW limited.access_token AS
SELECT * FROM public.access_token WHERE groups <> '{}' AND groups <@ limited.groups()
WITH CHECK OPTION;

-- What was done to one's cameras by anybody, and by others who are limited as far.
CREATE VIEW limited.audit_entry AS
SELECT * FROM public.audit_entry
WHERE camera_id IN (SELECT camera_id FROM limited.camera) OR (groups <> '{}' AND groups <@ limited.groups())
WITH CHECK OPTION;
