-- A whole server as a file: what is said about it, and what has to be settled before one is restored.

-- name: snapshot
-- What a program of PostgreSQL needs to read exactly what this transaction sees.
SELECT pg_export_snapshot(), current_setting('server_version_num')::integer / 10000;

-- name: history
-- Which migrations the database has had.
SELECT version, hash FROM migration ORDER BY version;

-- name: others
-- Whether other processes of ours use this database.
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'homechart' AND pid <> pg_backend_pid();

-- name: contents
-- Whether there are tables, and whether they are ours.
SELECT
    EXISTS (SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')),
    to_regclass('migration') IS NOT NULL,
    to_regclass('auth_account') IS NOT NULL;

-- name: accounts
-- How many people have an account here.
SELECT count(*) FROM auth_account;

-- name: removals
-- Statements that empty the schema of all but extensions, whoever the schema itself belongs to.
WITH ours AS (
    SELECT oid, 'pg_class'::regclass AS catalogue, 1 AS place, 'TABLE' AS kind, oid::regclass::text AS name FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
    UNION ALL
    SELECT oid, 'pg_class'::regclass, 2, 'VIEW', oid::regclass::text FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'v'
    UNION ALL
    SELECT oid, 'pg_proc'::regclass, 3, 'ROUTINE', oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace
    UNION ALL
    SELECT t.oid, 'pg_type'::regclass, 4, 'TYPE', t.oid::regtype::text FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typnamespace = current_schema()::regnamespace AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
)
SELECT format('DROP %%s IF EXISTS %%s CASCADE;', kind, name) FROM ours
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = ours.catalogue AND d.objid = ours.oid AND d.deptype = 'e')
ORDER BY place, name;
