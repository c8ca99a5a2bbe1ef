-- What workers keep in mind: which day an account was told of, what reminders came too late for, and when the calendars of
-- others are read again.

ALTER TABLE auth_account ADD COLUMN daily_agenda_day date;
COMMENT ON COLUMN auth_account.daily_agenda_day IS 'the day, where the account is, of which its last agenda told';
CALL track('auth_account', 'password_hash', 'password_reset_token', 'password_reset_expires', 'verification_token',
    'totp_step', 'daily_agenda_notified', 'daily_agenda_day', 'oidc_id');

-- What is on a day is looked for among all that there ever was, once a day for everybody.
CREATE INDEX calendar_event_days ON calendar_event (owner_id, date_start) WHERE recurrence IS NULL;
CREATE INDEX calendar_event_recurring ON calendar_event (owner_id) WHERE recurrence IS NOT NULL;
CREATE INDEX plan_task_open ON plan_task (owner_id, due_date) WHERE NOT done AND NOT template AND due_date IS NOT NULL;

-- Reminders that were due while no worker ran, more than a day before one did. Each of them would be a message too many.
CREATE TABLE missed_reminder (
    id              bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    auth_account_id uuid NOT NULL REFERENCES auth_account ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('calendar_event', 'cook_meal_plan', 'plan_task')),
    name            text NOT NULL,
    moment          timestamptz NOT NULL,
    said            text NOT NULL,
    mail            boolean NOT NULL,
    push            boolean NOT NULL,
    created         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN missed_reminder.moment IS 'when that was of which it would have reminded; said is the same for its reader';
CREATE INDEX missed_reminder_account ON missed_reminder (auth_account_id);

-- When a calendar is read again from where it is. What its events said there last tells what changed there since, and
-- what people here made of it.
ALTER TABLE calendar_icalendar
    ADD COLUMN refresh_next timestamptz NOT NULL DEFAULT now() + interval '1 hour',
    ADD COLUMN failures smallint NOT NULL DEFAULT 0;
COMMENT ON COLUMN calendar_icalendar.failures IS 'how many times in a row it could not be read, though its server answered';
CREATE INDEX calendar_icalendar_refresh ON calendar_icalendar (refresh_next) WHERE url <> '';
CALL track('calendar_icalendar', 'etag', 'last_modified', 'digest', 'refresh_next', 'failures');
UPDATE calendar_icalendar SET refresh_next = now() + random() * interval '1 hour';

ALTER TABLE calendar_event ADD COLUMN icalendar_said jsonb;
COMMENT ON COLUMN calendar_event.icalendar_said IS 'the columns as its calendar said them last';
CALL track('calendar_event', 'icalendar_uid', 'icalendar_said', 'time_notification', 'date_notification');

-- A server that answers nobody is left alone for a while, whoever has calendars there.
CREATE TABLE calendar_host (
    host       text PRIMARY KEY,
    failures   smallint NOT NULL,
    not_before timestamptz NOT NULL
);
