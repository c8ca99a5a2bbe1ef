-- name: claim_calendar_events
-- Events to remind of, or to work out when that will be, for the caller's transaction alone; with the people who are to
-- be told: of a household's event its participants, if it has any, else everybody who may see it (contract B1 §8.3).
WITH due AS MATERIALIZED (
    SELECT * FROM calendar_event
    WHERE time_notification <= %(now)s::timestamptz
    ORDER BY time_notification
    LIMIT %(limit)s::integer
    FOR UPDATE SKIP LOCKED
)
SELECT e.id::text, e.name, e.location, e.date_start, e.time_start, e.time_zone, e.duration, e.travel_time, e.notify_offset,
    e.date_end, e.recurrence::text, e.skip_days, e.date_notification, isfinite(e.time_notification) AS is_due, e.updated,
    e.auth_household_id::text, coalesce((
        SELECT jsonb_agg(jsonb_build_object('id', a.id, 'language', a.iso_639_code, 'zone', a.time_zone,
            'preferences', a.preferences, 'mail', way.mail, 'push', way.push) ORDER BY a.created, a.id)
        FROM (
            SELECT e.auth_account_id AS id WHERE e.auth_household_id IS NULL
            UNION ALL
            SELECT m.auth_account_id FROM auth_account_auth_household m
            WHERE m.auth_household_id = e.auth_household_id
                AND coalesce((m.permissions ->> 'calendar')::integer, 0) <= 1
                AND (e.participants = '{}' OR m.auth_account_id::text = ANY (e.participants))
        ) candidate
        JOIN auth_account a USING (id)
        CROSS JOIN LATERAL ways_to(a.preferences, a.verified, a.child, e.auth_household_id, 'CalendarEvent') way
        WHERE way.mail OR way.push
    ), '[]')::text
FROM due e ORDER BY e.time_notification, e.id;

-- name: arm_calendar_events
-- What of those events is the next to remind of, and when; nothing for those that are over.
UPDATE calendar_event e SET time_notification = armed.moment, date_notification = armed.day
FROM jsonb_to_recordset(%(armed)s::jsonb) AS armed (id uuid, moment timestamptz, day date) WHERE e.id = armed.id;

-- name: claim_cook_meal_plans
-- Meals that it is time to cook or to prepare, whose times are emptied in the statement that returns them: a row for
-- each reminder and person to tell, and one without a person for a reminder that nobody wants (contract B2 §6.3).
WITH due AS MATERIALIZED (
    SELECT id, notification_time_cook <= now() AS cook, notification_time_prep <= now() AS prep,
        greatest(notification_time_cook, updated) < now() - interval '1 day' AS cook_missed,
        greatest(notification_time_prep, updated) < now() - interval '1 day' AS prep_missed
    FROM cook_meal_plan
    WHERE least(notification_time_cook, notification_time_prep) <= now()
    ORDER BY least(notification_time_cook, notification_time_prep)
    LIMIT %(limit)s::integer
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE cook_meal_plan p SET
        notification_time_cook = CASE WHEN due.cook THEN NULL ELSE p.notification_time_cook END,
        notification_time_prep = CASE WHEN due.prep THEN NULL ELSE p.notification_time_prep END
    FROM due WHERE p.id = due.id
    RETURNING p.id, p.auth_household_id, p.cook_recipe_id, p.cook_recipe_scale, p.custom_recipe, p.cook_meal_time_id,
        p.date + p.time AS moment, due.cook, due.prep, due.cook_missed, due.prep_missed
)
SELECT c.id::text, reminder.kind, coalesce(r.name, c.custom_recipe), m.name, c.moment,
    c.cook_recipe_id::text, c.cook_recipe_scale, reminder.missed, c.auth_household_id::text,
    person.id::text, person.iso_639_code, person.preferences, person.mail, person.push
FROM claimed c
JOIN cook_meal_time m ON m.id = c.cook_meal_time_id
LEFT JOIN cook_recipe r ON r.id = c.cook_recipe_id
JOIN LATERAL (
    SELECT 'cook_meal_plan_cook' AS kind, 'CookMealPlanCook' AS about, c.cook_missed AS missed WHERE c.cook
    UNION ALL SELECT 'cook_meal_plan_prep', 'CookMealPlanPrep', c.prep_missed WHERE c.prep
) reminder ON true
LEFT JOIN LATERAL (
    SELECT a.id, a.iso_639_code, a.preferences, way.mail, way.push
    FROM auth_account_auth_household member JOIN auth_account a ON a.id = member.auth_account_id
    CROSS JOIN LATERAL ways_to(a.preferences, a.verified, a.child, c.auth_household_id, reminder.about) way
    WHERE member.auth_household_id = c.auth_household_id
        AND coalesce((member.permissions ->> 'cook')::integer, 0) <= 1 AND (way.mail OR way.push)
) person ON true;

-- name: claim_plan_tasks
-- Due tasks, marked as notified in the statement that returns them: a row for each person to tell, and one without
-- a person for a task of which nobody wants to hear (contract §8.2).
WITH due AS MATERIALIZED (
    SELECT id FROM plan_task
    WHERE notify AND NOT notified AND NOT done AND NOT template AND due_date <= now()
    ORDER BY due_date
    LIMIT %(limit)s::integer
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE plan_task t SET notified = true FROM due WHERE t.id = due.id
    RETURNING t.id, t.name, t.due_date, t.auth_account_id, t.auth_household_id,
        greatest(t.due_date, t.updated) < now() - interval '1 day' AS missed
)
SELECT c.id::text, c.name, c.due_date, c.missed, c.auth_household_id::text,
    person.id::text, person.iso_639_code, person.time_zone, person.preferences, person.mail, person.push
FROM claimed c
LEFT JOIN LATERAL (
    SELECT a.id, a.iso_639_code, a.time_zone, a.preferences, way.mail, way.push FROM (
        -- A task that is somebody's concerns nobody else, and is one of their own to the preferences.
        SELECT c.auth_account_id AS id, NULL::uuid AS household WHERE c.auth_account_id IS NOT NULL
        UNION ALL
        SELECT m.auth_account_id, m.auth_household_id FROM auth_account_auth_household m
        WHERE c.auth_account_id IS NULL AND m.auth_household_id = c.auth_household_id
            AND coalesce((m.permissions ->> 'plan')::integer, 0) <= 1
    ) candidate
    JOIN auth_account a USING (id)
    CROSS JOIN LATERAL ways_to(a.preferences, a.verified, a.child, candidate.household, 'PlanTask') way
    WHERE way.mail OR way.push
) person ON true;

-- name: plan_task_before
-- What a task of these owners was like, kept as it is until the transaction ends, to tell whether a change completes it.
SELECT done, recurrence IS NOT NULL, due_date FROM plan_task
WHERE id = %(id)s::uuid AND owner_id = ANY (%(owners)s::uuid[]) FOR NO KEY UPDATE;

-- name: plan_task_completed
-- Whom to tell that a household's task is done, or has come round to its next date; nobody if that is not what happened
-- since it was like that (contract B2 §7.5).
SELECT t.name, t.plan_project_id::text, t.auth_household_id::text, actor.name, a.id::text, a.iso_639_code
FROM plan_task t
JOIN auth_account actor ON actor.id = %(actor)s::uuid
JOIN auth_account_auth_household m ON m.auth_household_id = t.auth_household_id
    AND coalesce((m.permissions ->> 'plan')::integer, 0) <= 1
JOIN auth_account a ON a.id = m.auth_account_id AND a.id <> actor.id
CROSS JOIN LATERAL ways_to(a.preferences, a.verified, a.child, t.auth_household_id, 'PlanTaskComplete') way
WHERE t.id = %(id)s::uuid AND way.push AND NOT t.template AND (
    t.done AND NOT %(done)s::boolean
    OR t.recurrence IS NOT NULL AND %(recurring)s::boolean AND t.due_date IS DISTINCT FROM %(due)s::timestamptz
);
