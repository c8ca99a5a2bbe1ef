-- When the tasks of which there must be only one ran last, so that a restart neither skips nor repeats them.

CREATE TABLE task_run (
    name text PRIMARY KEY,
    slot timestamptz NOT NULL
);
COMMENT ON COLUMN task_run.slot IS 'the time it was due, not the time it ran';
