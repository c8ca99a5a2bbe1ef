-- What operators see: how much there is on the server, how its tasks went, and which request a message comes from.

CREATE TABLE figure (
    name  text NOT NULL,
    type  text NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (name, type)
);
COMMENT ON TABLE figure IS 'counted every hour by one worker, for the metrics of every process';

ALTER TABLE task_run
    ALTER COLUMN slot DROP NOT NULL,
    ADD COLUMN ended timestamptz,
    ADD COLUMN seconds double precision,
    ADD COLUMN row_count bigint,
    ADD COLUMN failures bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN task_run.slot IS 'the time it was due when it last ended well, not the time it ran; null if it never has';
COMMENT ON COLUMN task_run.ended IS 'when it ended well the last time, after so many seconds and having dealt with so many rows';
COMMENT ON COLUMN task_run.failures IS 'how often it has failed, ever';

-- Every statement of a request that is traced says so (homechart_common/postgresql/connection.py), so nobody has to think of it.
ALTER TABLE notification
    ADD COLUMN traceparent text DEFAULT nullif(current_setting('homechart.traceparent', true), '');
COMMENT ON COLUMN notification.traceparent IS 'the span that it was written in (W3C Trace Context), if that is traced';
