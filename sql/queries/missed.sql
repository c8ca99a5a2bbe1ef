-- Reminders that no worker was there for in time; each person is told of all of them at once.

-- name: keep
-- What somebody was not reminded of.
INSERT INTO missed_reminder (auth_account_id, kind, name, moment, said, mail, push)
SELECT account_id, kind, name, moment, said, mail, push
FROM jsonb_to_recordset(%(missed)s::jsonb) AS m (
    account_id uuid, kind text, name text, moment timestamptz, said text, mail boolean, push boolean
);

-- name: claim
-- What people were not reminded of, for the caller's transaction alone: of each kind how many and the last few. Nobody is
-- told before everything that is overdue was looked at (or cannot be, for an hour), so that nobody is told twice.
WITH person AS MATERIALIZED (
    SELECT id, iso_639_code FROM auth_account
    WHERE id IN (SELECT DISTINCT auth_account_id FROM missed_reminder ORDER BY auth_account_id LIMIT %(limit)s::integer)
        AND (EXISTS (SELECT FROM missed_reminder WHERE created < now() - interval '1 hour') OR NOT (
            EXISTS (SELECT FROM plan_task
                WHERE notify AND NOT notified AND NOT done AND NOT template AND due_date < now() - interval '1 day')
            OR EXISTS (SELECT FROM cook_meal_plan
                WHERE least(notification_time_cook, notification_time_prep) < now() - interval '1 day')
            OR EXISTS (SELECT FROM calendar_event WHERE time_notification < now() - interval '1 day')))
    FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM missed_reminder m USING person p WHERE m.auth_account_id = p.id
    RETURNING p.id, p.iso_639_code, m.kind, m.name, m.moment, m.said, m.mail, m.push
)
SELECT id::text, iso_639_code, kind, count(*) FILTER (WHERE mail),
    coalesce((array_agg(name || ': ' || said ORDER BY moment DESC, name) FILTER (WHERE mail))[:%(most)s::integer], '{}'),
    bool_or(mail), bool_or(push)
FROM (SELECT DISTINCT * FROM taken) once
GROUP BY id, iso_639_code, kind ORDER BY id;
