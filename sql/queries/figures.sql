-- Figures of the whole server, for the metrics of every process.

-- name: due
-- Whether the last count is too old. While everybody is at work no two are the same, so the task would never end.
SELECT NOT EXISTS (SELECT FROM figure WHERE name = 'counted' AND value > extract(epoch FROM now()) - 1800);

-- name: count
-- How much there is: roughly, as the planner sees it, but of people exactly. Figures that are no more go. Clients call
-- themselves what they like, which must not be as many figures.
WITH counted (name, type, value) AS (
    SELECT c.relname::text, 'all', CASE WHEN c.reltuples >= 0 THEN c.reltuples ELSE coalesce(s.n_live_tup, 0) END::bigint
    FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY (%(tables)s::text[])
        AND c.relname NOT IN ('auth_account', 'auth_session')
    UNION ALL
    SELECT 'auth_account', type, value
    FROM (
        SELECT count(*) AS everybody, count(*) FILTER (WHERE last_activity >= current_date) AS today,
            count(*) FILTER (WHERE verified) AS verified
        FROM auth_account
    ) people CROSS JOIN LATERAL (VALUES ('all', everybody), ('daily', today), ('verified', verified)) AS v (type, value)
    UNION ALL
    SELECT 'auth_session', coalesce(client, 'all'), count(*)
    FROM (
        SELECT CASE WHEN user_agent = ANY (%(families)s::text[]) THEN user_agent ELSE 'unknown' END AS client FROM auth_session
    ) signed_in GROUP BY GROUPING SETS ((), (client))
    UNION ALL
    SELECT 'database', 'bytes', pg_database_size(current_database())
    UNION ALL
    SELECT 'counted', 'seconds', extract(epoch FROM now())::bigint
), gone AS (
    DELETE FROM figure f WHERE NOT EXISTS (SELECT FROM counted c WHERE (c.name, c.type) = (f.name, f.type))
)
INSERT INTO figure (name, type, value) SELECT name, type, value FROM counted
ON CONFLICT (name, type) DO UPDATE SET value = excluded.value;

-- name: counted
-- What was counted last.
SELECT name, type, value FROM figure WHERE name <> 'counted';

-- name: outbox
-- How many messages wait, and for how many seconds the oldest that is due has.
SELECT count(*), coalesce(extract(epoch FROM max(now() - send_after) FILTER (WHERE send_after <= now())), 0)::float8
FROM notification WHERE sent IS NULL;

-- name: tasks
-- How the tasks went that only one worker runs, whichever that was.
SELECT name, extract(epoch FROM ended)::float8, seconds, row_count, failures FROM task_run;

-- name: connections
-- How many sessions this database has, and how many the server allows in all.
SELECT numbackends, current_setting('max_connections')::integer FROM pg_stat_database WHERE datname = current_database();
