-- Wake a worker when there is something to send.

CREATE OR REPLACE FUNCTION wake_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tasks', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER wake_workers AFTER INSERT ON notification
    FOR EACH STATEMENT EXECUTE FUNCTION wake_workers();

-- A message that would stay as it is was not changed.
CREATE OR REPLACE TRIGGER z_unchanged BEFORE UPDATE ON notification
    FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
