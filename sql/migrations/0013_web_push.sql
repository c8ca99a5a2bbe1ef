-- Web push: keys that the server makes for itself, and a row of the outbox for each device.

CREATE TABLE server_key (
    name        text PRIMARY KEY,
    private_key text NOT NULL,
    public_key  text NOT NULL,
    created     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE server_key IS 'key pairs that the first process made because none were configured';

-- What administrators write has become a message for each recipient before it goes anywhere, so that only those do.
ALTER TABLE notification
    ADD COLUMN notification_id uuid REFERENCES notification ON DELETE CASCADE,
    ADD COLUMN way text NOT NULL GENERATED ALWAYS AS (
        CASE WHEN to_web_push IS NOT NULL AND (kind <> 'announcement' OR notification_id IS NOT NULL)
            THEN 'webpush' ELSE 'smtp' END
    ) STORED;
COMMENT ON COLUMN notification.notification_id IS 'the message of an administrator that this is for one recipient of';
COMMENT ON COLUMN notification.to_web_push IS 'of a message that goes by web push, one subscription; without its secrets once it is over';
DROP INDEX notification_due;
CREATE INDEX notification_due ON notification (way, system DESC, send_after) WHERE sent IS NULL;
CREATE INDEX notification_parts ON notification (notification_id) WHERE notification_id IS NOT NULL;
CREATE INDEX notification_created ON notification (created DESC, id);
