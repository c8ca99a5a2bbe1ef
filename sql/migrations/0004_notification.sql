-- The outbox: messages to deliver by mail or web push. A request writes here in its own transaction and a worker
-- sends, so that a message exists exactly when what it tells of is committed.

CREATE TABLE notification (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id  uuid REFERENCES auth_account ON DELETE CASCADE,
    kind             text NOT NULL DEFAULT '',
    system           boolean NOT NULL DEFAULT false,
    iso_639_code     text NOT NULL DEFAULT 'en',
    attempt          smallint NOT NULL DEFAULT 0,
    claims           integer NOT NULL DEFAULT 0,
    actions          jsonb,
    body_smtp        text NOT NULL DEFAULT '',
    body_web_push    text NOT NULL DEFAULT '',
    subject_smtp     text NOT NULL DEFAULT '' CHECK (char_length(subject_smtp) <= 1000),
    subject_web_push text NOT NULL DEFAULT '' CHECK (char_length(subject_web_push) <= 1000),
    to_smtp          text NOT NULL DEFAULT '',
    to_web_push      jsonb,
    newsletter       boolean NOT NULL DEFAULT false,
    error            text NOT NULL DEFAULT '',
    created          timestamptz NOT NULL DEFAULT now(),
    send_after       timestamptz NOT NULL DEFAULT now(),
    send_start       timestamptz,
    sent             timestamptz
);
COMMENT ON COLUMN notification.kind IS 'the message template, such as plan_task_reminder; for metrics and for people who look';
COMMENT ON COLUMN notification.system IS 'goes to an account whose address is not verified, too';
COMMENT ON COLUMN notification.attempt IS 'how many attempts failed';
COMMENT ON COLUMN notification.claims IS 'how often a worker took it up; beyond one and the failed attempts, its sender died';
COMMENT ON COLUMN notification.to_smtp IS 'empty: the address of the account';
COMMENT ON COLUMN notification.send_start IS 'when a worker claimed it; another may claim it when its lease is over';
COMMENT ON COLUMN notification.sent IS 'delivered, or given up with the reason in error; removed by clean-up';
CREATE INDEX notification_due ON notification (send_after) WHERE sent IS NULL;
CREATE INDEX notification_account ON notification (auth_account_id) WHERE auth_account_id IS NOT NULL;
CREATE INDEX notification_sent ON notification (sent) WHERE sent IS NOT NULL;
