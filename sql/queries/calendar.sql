-- What the calendar's routes need beside reading and writing objects.

-- name: feed
-- What an account's feed shows: events and open tasks that are its own or of a household in which it may view them. Times
-- are those on the clocks where an event is, or where the reader of a task is (contract B2 §11).
WITH reader AS MATERIALIZED (
    SELECT id, time_zone FROM auth_account WHERE icalendar_id = %(id)s::uuid
), granted AS MATERIALIZED (
    SELECT id AS owner_id, true AS calendar, true AS plan FROM reader
    UNION ALL
    SELECT m.auth_household_id, coalesce((m.permissions ->> 'calendar')::integer, 0) <= 1,
        coalesce((m.permissions ->> 'plan')::integer, 0) <= 1
    FROM auth_account_auth_household m JOIN reader ON reader.id = m.auth_account_id
), people AS MATERIALIZED (
    SELECT m.auth_household_id, a.id::text, a.name
    FROM granted g JOIN auth_account_auth_household m ON m.auth_household_id = g.owner_id
        JOIN auth_account a ON a.id = m.auth_account_id
)
SELECT kind, id::text, name, details, location, day, at, zone, minutes, days, travel_minutes, alarm, date_end,
    recurrence::text, skip_days, participants,
    to_char(created AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'), to_char(updated AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"')
FROM (
    SELECT 0 AS place, 'Event' AS kind, e.id, e.name, e.details, e.location, e.date_start AS day, e.time_start AS at,
        e.time_zone AS zone, e.duration AS minutes,
        CASE WHEN e.duration %% 1440 = 0 THEN greatest(1, e.duration / 1440) ELSE 0 END AS days,
        e.travel_time AS travel_minutes, e.notify_offset + e.travel_time AS alarm, e.date_end, e.recurrence, e.skip_days,
        CASE WHEN e.participants = '{}' THEN '' ELSE coalesce((
            SELECT 'Participants: ' || string_agg(p.name, ', ' ORDER BY p.name)
            FROM people p WHERE p.auth_household_id = e.auth_household_id AND p.id = ANY (e.participants)
        ), '') END AS participants, e.created, e.updated
    FROM calendar_event e JOIN granted g ON g.owner_id = e.owner_id AND g.calendar
    WHERE %(events)s::boolean
    UNION ALL
    SELECT 1, 'Task', t.id, t.name, t.details, '', due::date, due::time, reader.time_zone,
        CASE t.duration WHEN 0 THEN 30 ELSE t.duration END, (due::time = '00:00')::integer, 0,
        CASE WHEN t.notify THEN 10 END, t.date_end, t.recurrence, '{}', '', t.created, t.updated
    FROM reader CROSS JOIN granted g JOIN plan_task t ON t.owner_id = g.owner_id AND g.plan
    CROSS JOIN LATERAL (SELECT t.due_date AT TIME ZONE reader.time_zone AS due) local
    WHERE %(tasks)s::boolean AND t.due_date IS NOT NULL AND NOT t.done AND NOT t.template
) shown
ORDER BY place, created, id;

-- name: feed_version
-- What changes whenever a feed does: the newest change to what may be in it, for everybody whose that is; and where its
-- reader is. A household changes when somebody in it is called otherwise, comes, goes or may do something else.
SELECT md5(sync_epoch() || a.time_zone || string_agg(o.owner_id::text || '.' || shown.name || '.' || coalesce(c.version, 0), '/'
    ORDER BY o.owner_id, shown.name))
FROM auth_account a
CROSS JOIN LATERAL (
    SELECT a.id AS owner_id
    UNION ALL SELECT m.auth_household_id FROM auth_account_auth_household m WHERE m.auth_account_id = a.id
) o
CROSS JOIN unnest(ARRAY['auth_household', 'calendar_event', 'plan_task']) AS shown (name)
LEFT JOIN LATERAL (
    SELECT version FROM sync_change
    WHERE owner_id = o.owner_id AND table_name = shown.name ORDER BY version DESC LIMIT 1
) c ON true
WHERE a.icalendar_id = %(id)s::uuid
GROUP BY a.id;

-- name: source
-- Where a calendar of others is, what is known of the text that was read last, and the zone of who owns it; kept as it is
-- until the transaction ends.
SELECT c.url, c.etag, c.last_modified, coalesce(encode(c.digest, 'hex'), ''), coalesce((
    SELECT a.time_zone FROM auth_account a WHERE a.id = c.auth_account_id
), (
    SELECT a.time_zone FROM auth_account_auth_household m JOIN auth_account a ON a.id = m.auth_account_id
    WHERE m.auth_household_id = c.auth_household_id ORDER BY m.created, m.id LIMIT 1
), 'UTC')
FROM calendar_icalendar c WHERE c.id = %(id)s::uuid FOR NO KEY UPDATE OF c;

-- name: still_allowed
-- Whether the session may still do what it could, after the writing and before it is committed.
SELECT is_current(%(session)s::uuid, %(access)s::bigint);

-- name: editable
-- Whether a calendar is one that the caller may edit.
SELECT is_current(%(session)s::uuid, %(access)s::bigint), EXISTS (
    SELECT FROM calendar_icalendar WHERE id = %(id)s::uuid AND owner_id = ANY (%(owners)s::uuid[]));

-- name: forget_events
-- Events that were taken from a calendar and are in its text no more.
DELETE FROM calendar_event e
WHERE e.calendar_icalendar_id = %(id)s::uuid AND e.icalendar_uid <> '' AND e.icalendar_uid NOT IN (
    SELECT r.icalendar_uid FROM jsonb_to_recordset(%(events)s::jsonb) AS r (icalendar_uid text));

-- name: follow_events
-- Known events of which their calendar says something else than it did: what it changed changes here, what it did not
-- change stays as people here have made it. Of those taken in before this was noted, what nobody here has touched is what
-- it said. Days that were left out here stay so.
WITH said AS MATERIALIZED (
    SELECT r.icalendar_uid, (
        SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(r)) WHERE key = ANY (%(columns)s::text[])
    ) AS now FROM jsonb_populate_recordset(NULL::calendar_event, %(events)s::jsonb) r
), known AS MATERIALIZED (
    SELECT e.id, said.now, coalesce(e.icalendar_said, CASE WHEN e.updated = e.created THEN to_jsonb(e) END, said.now) AS before
    FROM calendar_event e JOIN said USING (icalendar_uid)
    WHERE e.calendar_icalendar_id = %(id)s::uuid AND e.icalendar_said IS DISTINCT FROM said.now
)
UPDATE calendar_event e SET icalendar_said = k.now,
    (name, details, location, date_start, time_start, time_zone, duration, date_end, recurrence, notify_offset) = (
        SELECT p.name, p.details, p.location, p.date_start, p.time_start, p.time_zone, p.duration, p.date_end, p.recurrence,
            p.notify_offset
        FROM jsonb_populate_record(e, (
            SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(k.now) WHERE value IS DISTINCT FROM k.before -> key
        )) p
    ),
    skip_days = CASE WHEN k.now -> 'skip_days' = k.before -> 'skip_days' THEN e.skip_days ELSE array(
        SELECT day::date FROM jsonb_array_elements_text(k.now -> 'skip_days') day
        UNION SELECT day FROM unnest(e.skip_days) day WHERE NOT k.before -> 'skip_days' ? day::text ORDER BY 1
    ) END
FROM known k WHERE e.id = k.id;

-- name: take_in_events
-- Events of a calendar that are not known yet.
INSERT INTO calendar_event (calendar_icalendar_id, auth_account_id, auth_household_id, icalendar_uid, name, details, location,
    date_start, time_start, time_zone, duration, date_end, recurrence, skip_days, notify_offset, icalendar_said)
SELECT c.id, c.auth_account_id, c.auth_household_id, r.icalendar_uid, r.name, r.details, r.location,
    r.date_start, r.time_start, r.time_zone, r.duration, r.date_end, r.recurrence, r.skip_days, r.notify_offset,
    (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(r)) WHERE key = ANY (%(columns)s::text[]))
FROM calendar_icalendar c, jsonb_populate_recordset(NULL::calendar_event, %(events)s::jsonb) r
WHERE c.id = %(id)s::uuid AND NOT EXISTS (
    SELECT FROM calendar_event e
    WHERE e.calendar_icalendar_id = %(id)s::uuid AND e.icalendar_uid = r.icalendar_uid AND e.icalendar_uid <> '')
ON CONFLICT (calendar_icalendar_id, icalendar_uid) WHERE calendar_icalendar_id IS NOT NULL AND icalendar_uid <> ''
DO NOTHING;

-- name: note_text
-- What was read of a calendar last, just now.
UPDATE calendar_icalendar SET etag = %(etag)s::text, last_modified = %(last_modified)s::text,
    digest = decode(%(digest)s::text, 'hex'), failures = 0, refresh_next = now() + interval '1 hour'
WHERE id = %(id)s::uuid;
