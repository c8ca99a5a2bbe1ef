-- The calendar: when an event begins and ends, when its reminder is to be worked out anew, and events that stay with the
-- calendar they were taken from (contract B1 §8).

CREATE OR REPLACE FUNCTION calendar_event_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    begins timestamptz;
BEGIN
    IF NEW.calendar_icalendar_id IS NOT NULL
        AND (NEW.auth_account_id, NEW.auth_household_id, NEW.calendar_icalendar_id)
        IS DISTINCT FROM (OLD.auth_account_id, OLD.auth_household_id, OLD.calendar_icalendar_id)
    THEN
        SELECT auth_account_id, auth_household_id INTO NEW.auth_account_id, NEW.auth_household_id
        FROM calendar_icalendar WHERE id = NEW.calendar_icalendar_id FOR NO KEY UPDATE;
    END IF;
    -- A time that clocks skip in spring counts as if they had not, one that they show twice in autumn is the second.
    begins := (NEW.date_start + NEW.time_start) AT TIME ZONE NEW.time_zone;
    NEW.timestamp_start := begins - make_interval(mins => NEW.travel_time);
    NEW.timestamp_end := begins + make_interval(mins => NEW.duration);
    -- Only workers know when something comes again. What tells when the next reminder is, or which there will be:
    IF NEW.notify_offset IS NULL THEN
        NEW.time_notification := NULL;
        NEW.date_notification := NULL;
    ELSIF TG_OP = 'INSERT' OR (NEW.date_start, NEW.time_start, NEW.time_zone, NEW.recurrence, NEW.travel_time, NEW.notify_offset)
        IS DISTINCT FROM (OLD.date_start, OLD.time_start, OLD.time_zone, OLD.recurrence, OLD.travel_time, OLD.notify_offset)
    THEN
        NEW.time_notification := '-infinity';
        NEW.date_notification := CASE WHEN is_restoring() THEN NEW.date_notification END;
    ELSIF (NEW.skip_days, NEW.date_end) IS DISTINCT FROM (OLD.skip_days, OLD.date_end) THEN
        NEW.time_notification := '-infinity';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_event BEFORE INSERT OR UPDATE ON calendar_event
    FOR EACH ROW EXECUTE FUNCTION calendar_event_before();

-- Events move with the calendar that they were taken from.
CREATE OR REPLACE FUNCTION calendar_icalendar_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE calendar_event SET auth_account_id = NEW.auth_account_id, auth_household_id = NEW.auth_household_id
    WHERE calendar_icalendar_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER icalendar_moved AFTER UPDATE ON calendar_icalendar
    FOR EACH ROW WHEN (NEW.owner_id <> OLD.owner_id) EXECUTE FUNCTION calendar_icalendar_moved();

CREATE OR REPLACE TRIGGER forget_hidden AFTER DELETE ON calendar_icalendar REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_collapsed('hide_calendar_icalendars');
