-- What is on today, for everybody at the time that they chose (contract §8.2, B1 §4.4).

-- name: claim
-- Accounts for whom it is time, for the caller's transaction alone; they are due again tomorrow, where they are. Nobody is
-- told of the same day twice, as after a change of the zone, or of a day before one that was told; nor of a day before its
-- time has come, if all that was missed is yesterday's.
WITH due AS MATERIALIZED (
    SELECT id, daily_agenda_day AS told, today, (today + daily_agenda_time) AT TIME ZONE time_zone AS its_time
    FROM auth_account CROSS JOIN LATERAL (SELECT (%(now)s::timestamptz AT TIME ZONE time_zone)::date AS today) calendar
    WHERE daily_agenda_next <= %(now)s::timestamptz
    ORDER BY daily_agenda_next LIMIT %(limit)s::integer
    FOR NO KEY UPDATE OF auth_account SKIP LOCKED
), claimed AS MATERIALIZED (
    SELECT *, its_time <= %(now)s::timestamptz AS has_come FROM due
)
UPDATE auth_account a SET daily_agenda_day = CASE WHEN c.has_come THEN greatest(c.told, c.today) ELSE c.told END,
    daily_agenda_next = CASE WHEN c.has_come THEN (c.today + 1 + a.daily_agenda_time) AT TIME ZONE a.time_zone ELSE c.its_time END
FROM claimed c WHERE a.id = c.id
RETURNING a.id::text, c.today, a.time_zone, a.iso_639_code, a.preferences::text,
    c.has_come AND (c.told IS NULL OR c.told < c.today),
    (ways_to(a.preferences, a.verified, a.child, NULL, 'Agenda')).mail,
    (ways_to(a.preferences, a.verified, a.child, NULL, 'Agenda')).push
        AND EXISTS (SELECT FROM auth_session s WHERE s.auth_account_id = a.id AND s.web_push IS NOT NULL AND s.expires > now());

-- name: items
-- Of these people and days the tasks, meals and payments that are due: how many of a kind, and the first few of them.
WITH reader AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(readers)s::jsonb) AS r (id uuid, day date, zone text)
), granted AS MATERIALIZED (
    SELECT id, day, zone, id AS owner_id, 0 AS plan, 2 AS cook, 2 AS budget FROM reader
    UNION ALL
    SELECT r.id, r.day, r.zone, m.auth_household_id, coalesce((m.permissions ->> 'plan')::integer, 0),
        coalesce((m.permissions ->> 'cook')::integer, 0), coalesce((m.permissions ->> 'budget')::integer, 0)
    FROM reader r JOIN auth_account_auth_household m ON m.auth_account_id = r.id
), found AS (
    SELECT g.id, 'plan_task' AS kind, t.name, extract(epoch FROM g.day + interval '1 day' - (t.due_date AT TIME ZONE g.zone)) AS place
    FROM granted g JOIN plan_task t ON t.owner_id = g.owner_id
    WHERE g.plan <= 1 AND NOT t.done AND NOT t.template AND t.due_date < (g.day + 1)::timestamp AT TIME ZONE g.zone
    UNION ALL
    SELECT g.id, 'cook_meal_plan', m.name || ': ' || coalesce(r.name, p.custom_recipe), extract(epoch FROM p.time)
    FROM granted g JOIN cook_meal_plan p ON p.owner_id = g.owner_id AND p.date = g.day
        JOIN cook_meal_time m ON m.id = p.cook_meal_time_id LEFT JOIN cook_recipe r ON r.id = p.cook_recipe_id
    WHERE g.cook <= 1
    UNION ALL
    SELECT g.id, 'budget_recurrence', coalesce(p.name, r.template ->> 'note', ''), 0
    FROM granted g JOIN budget_recurrence r ON r.owner_id = g.owner_id AND r.template ->> 'date' <= g.day::text
        LEFT JOIN budget_payee p ON p.id::text = r.template ->> 'budgetPayeeID' AND p.auth_household_id = r.auth_household_id
    WHERE g.budget <= 1
)
SELECT id::text, kind, max(many), coalesce(array_agg(name ORDER BY n) FILTER (WHERE name <> ''), '{}') FROM (
    SELECT *, count(*) OVER of_kind AS many, row_number() OVER (of_kind ORDER BY place, name) AS n FROM found
    WINDOW of_kind AS (PARTITION BY id, kind)
) counted
WHERE n <= %(most)s::integer
GROUP BY id, kind;

-- name: events
-- Of these people and days the events that are then, or may be: only workers know when something comes again. Where
-- clocks differ, an event may be on another day for who reads of it than where it is.
WITH reader AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(readers)s::jsonb) AS r (id uuid, day date, zone text)
), granted AS MATERIALIZED (
    SELECT id, day, id AS owner_id FROM reader
    UNION ALL
    SELECT r.id, r.day, m.auth_household_id FROM reader r JOIN auth_account_auth_household m ON m.auth_account_id = r.id
    WHERE coalesce((m.permissions ->> 'calendar')::integer, 0) <= 1
), near AS (
    SELECT g.id AS reader_id, e.* FROM granted g
    JOIN calendar_event e ON e.owner_id = g.owner_id AND e.date_start BETWEEN g.day - 1 AND g.day + 1
    WHERE e.recurrence IS NULL
    UNION ALL
    SELECT g.id, e.* FROM granted g JOIN calendar_event e ON e.owner_id = g.owner_id
    WHERE e.recurrence IS NOT NULL AND e.date_start <= g.day + 1 AND (e.date_end IS NULL OR e.date_end >= g.day - 1)
        -- a year's birthdays are those of a month
        AND (coalesce((e.recurrence ->> 'month')::integer, 0) IN (0, extract(month FROM g.day - 1), extract(month FROM g.day + 1))
            OR e.date_start >= g.day - 1)
)
SELECT reader_id::text, name, date_start, time_start, time_zone, duration, date_end, recurrence::text, skip_days FROM near
WHERE participants = '{}' OR reader_id::text = ANY (participants)
ORDER BY reader_id, name;
