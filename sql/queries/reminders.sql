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
    RETURNING t.id, t.name, t.due_date, t.auth_account_id, t.auth_household_id
)
SELECT c.id::text, c.name, c.due_date, person.id::text, person.iso_639_code, person.time_zone, person.preferences
FROM claimed c
LEFT JOIN LATERAL (
    SELECT a.id, a.iso_639_code, a.time_zone, a.preferences FROM (
        -- A task that is somebody's concerns nobody else.
        SELECT c.auth_account_id AS id, '{"ignoreEmailPlanTask": true}'::jsonb AS unwanted
        WHERE c.auth_account_id IS NOT NULL
        UNION ALL
        SELECT m.auth_account_id, jsonb_build_object('notificationsHouseholds', jsonb_build_array(
            jsonb_build_object('authHouseholdID', m.auth_household_id, 'ignoreEmailPlanTask', true)))
        FROM auth_account_auth_household m
        WHERE c.auth_account_id IS NULL AND m.auth_household_id = c.auth_household_id
            AND coalesce((m.permissions ->> 'plan')::integer, 0) <= 1
    ) candidate
    JOIN auth_account a USING (id)
    WHERE a.verified AND NOT a.child AND NOT a.preferences @> candidate.unwanted
) person ON true;
