-- name: slots
-- When each task that only one worker runs was due when it last ended well.
SELECT name, slot FROM task_run;

-- name: remember
-- A task ended well, so that neither a restart nor another worker repeats it.
INSERT INTO task_run (name, slot) VALUES (%(name)s::text, %(slot)s::timestamptz)
ON CONFLICT (name) DO UPDATE SET slot = excluded.slot;
