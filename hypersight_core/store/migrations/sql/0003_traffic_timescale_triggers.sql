CREATE TRIGGER rollup_insert AFTER INSERT ON processor_event REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_events();
CREATE TRIGGER rollup_change AFTER UPDATE OR DELETE ON processor_event
  FOR EACH ROW EXECUTE FUNCTION rollup.mark_event();
CREATE TRIGGER rollup_insert AFTER INSERT ON observation REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION rollup.mark_observations();
CREATE TRIGGER rollup_change AFTER UPDATE OR DELETE ON observation
  FOR EACH ROW EXECUTE FUNCTION rollup.mark_observation();
