-- The calendar: events, single and recurring, and the calendars of others that they can be taken in from. What an event
-- comes to in time is worked out by triggers and workers (sql/triggers/calendar.sql).

CREATE TABLE calendar_icalendar (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id   uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id uuid REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    name              text NOT NULL DEFAULT '' CHECK (char_length(name) BETWEEN 1 AND 998),
    url               text NOT NULL DEFAULT '' CHECK (char_length(url) <= 998),
    etag              text NOT NULL DEFAULT '',
    last_modified     text NOT NULL DEFAULT '',
    digest            bytea,
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT calendar_icalendar_owner CHECK (num_nonnulls(auth_account_id, auth_household_id) = 1),
    UNIQUE (auth_account_id, name),
    UNIQUE (auth_household_id, name)
);
COMMENT ON COLUMN calendar_icalendar.etag IS 'what the server at url called the text that was read last';
COMMENT ON COLUMN calendar_icalendar.digest IS 'of the text that the events were taken from last';
CREATE INDEX calendar_icalendar_owner_id ON calendar_icalendar (owner_id);
CALL track('calendar_icalendar', 'etag', 'last_modified', 'digest');

CREATE TABLE calendar_event (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id       uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id     uuid REFERENCES auth_household ON DELETE CASCADE,
    owner_id              uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    calendar_icalendar_id uuid REFERENCES calendar_icalendar ON DELETE CASCADE,
    icalendar_uid         text NOT NULL DEFAULT '',
    name                  text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    details               text NOT NULL DEFAULT '' CHECK (char_length(details) <= 10000),
    location              text NOT NULL DEFAULT '' CHECK (char_length(location) <= 500),
    color                 smallint NOT NULL DEFAULT 0 CHECK (color BETWEEN 0 AND 13),
    date_start            date NOT NULL,
    time_start            time NOT NULL DEFAULT '00:00',
    time_zone             text NOT NULL DEFAULT 'UTC' CHECK (char_length(time_zone) <= 100),
    duration              integer NOT NULL DEFAULT 0 CHECK (duration BETWEEN 0 AND 5270400),
    travel_time           integer NOT NULL DEFAULT 0 CHECK (travel_time BETWEEN 0 AND 5270400),
    date_end              date,
    recurrence            jsonb,
    skip_days             date[] NOT NULL DEFAULT '{}',
    participants          text[] NOT NULL DEFAULT '{}',
    notify_offset         integer CHECK (notify_offset BETWEEN -5270400 AND 5270400),
    time_notification     timestamptz,
    date_notification     date,
    timestamp_start       timestamptz,
    timestamp_end         timestamptz,
    created               timestamptz NOT NULL DEFAULT now(),
    updated               timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT calendar_event_owner CHECK (num_nonnulls(auth_account_id, auth_household_id) = 1),
    -- Years that have four digits even with everything that is added to them and taken off.
    CONSTRAINT calendar_event_years CHECK (date_start BETWEEN '0100-01-01' AND '9900-12-31')
);
COMMENT ON COLUMN calendar_event.icalendar_uid IS 'what the calendar that it was taken from calls it';
COMMENT ON COLUMN calendar_event.date_end IS 'the last day of the recurrence';
COMMENT ON COLUMN calendar_event.notify_offset IS 'minutes before one has to leave, or before the start; null: no reminder';
COMMENT ON COLUMN calendar_event.time_notification IS
    'when a worker has to remind of it; -infinity after a change: when it has to work out when that is';
COMMENT ON COLUMN calendar_event.date_notification IS 'the occurrence that the reminder will be of; those before are settled';
CREATE INDEX calendar_event_owner_id ON calendar_event (owner_id);
CREATE INDEX calendar_event_icalendar ON calendar_event (calendar_icalendar_id) WHERE calendar_icalendar_id IS NOT NULL;
CREATE UNIQUE INDEX calendar_event_uid ON calendar_event (calendar_icalendar_id, icalendar_uid)
    WHERE calendar_icalendar_id IS NOT NULL AND icalendar_uid <> '';
CREATE INDEX calendar_event_reminder ON calendar_event (time_notification) WHERE time_notification IS NOT NULL;
CREATE INDEX calendar_event_over ON calendar_event (timestamp_end)
    WHERE recurrence IS NULL AND calendar_icalendar_id IS NULL;
CALL track('calendar_event', 'icalendar_uid', 'time_notification', 'date_notification');
