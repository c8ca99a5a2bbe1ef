-- name: slots
-- When each task that only one worker runs was due when it last ended well.
SELECT name, slot FROM task_run WHERE slot IS NOT NULL;

-- name: remember
-- A task ended well, so that neither a restart nor another worker repeats it.
INSERT INTO task_run (name, slot, ended, seconds, row_count)
VALUES (%(name)s::text, %(slot)s::timestamptz, now(), %(seconds)s::float8, %(rows)s::bigint)
ON CONFLICT (name) DO UPDATE
SET slot = excluded.slot, ended = excluded.ended, seconds = excluded.seconds, row_count = excluded.row_count;

-- name: failed
-- A task failed, for those who watch; it stays due.
INSERT INTO task_run (name, failures) VALUES (%(name)s::text, 1)
ON CONFLICT (name) DO UPDATE SET failures = task_run.failures + 1;
