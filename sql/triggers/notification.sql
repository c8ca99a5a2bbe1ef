-- Wake a worker when there is something to send.

CREATE OR REPLACE FUNCTION wake_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tasks', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER wake_workers AFTER INSERT ON notification
    FOR EACH STATEMENT EXECUTE FUNCTION wake_workers();
