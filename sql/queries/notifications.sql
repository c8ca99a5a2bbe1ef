-- The outbox. Leases and due times are compared by PostgreSQL's clock, so that the clocks of workers do not matter.

-- name: enqueue
-- Messages for workers to deliver; a trigger wakes them when the caller's transaction commits.
INSERT INTO notification (kind, iso_639_code, subject_smtp, body_smtp, to_smtp, auth_account_id, system)
SELECT kind, language, subject, body, to_smtp, account_id, system
FROM jsonb_to_recordset(%(messages)s::jsonb) AS message (
    kind text, language text, subject text, body text, to_smtp text, account_id uuid, system boolean
);

-- name: claim
-- One message that is due and that nobody is busy with, for the caller alone. Its address is empty if it must not
-- go out: to children never, to an address that is not verified only what the system has to say (contract §8.3).
WITH due AS MATERIALIZED (
    SELECT id, auth_account_id FROM notification
    WHERE sent IS NULL AND send_after <= now()
        AND (send_start IS NULL OR send_start < now() - make_interval(secs => %(lease)s::float8))
    ORDER BY send_after
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE notification n SET send_start = now(), claims = n.claims + 1
FROM due LEFT JOIN auth_account a ON a.id = due.auth_account_id
WHERE n.id = due.id
RETURNING n.id::text, n.claims, n.attempt, n.kind, n.iso_639_code, n.subject_smtp, n.body_smtp,
    CASE
        WHEN a.child OR (n.newsletter AND coalesce((a.preferences ->> 'ignoreEmailNewsletter')::boolean, false)) THEN ''
        WHEN n.to_smtp <> '' THEN n.to_smtp
        WHEN n.system OR a.verified THEN coalesce(a.email_address, '')
        ELSE ''
    END, n.newsletter AND n.auth_account_id IS NULL;

-- name: origin
-- The span that a message was written in, if that is traced.
SELECT traceparent FROM notification WHERE id = %(id)s::uuid;

-- name: hand_on
-- A newsletter becomes a message for each account that wants it, once, and has come to its end with that.
WITH newsletter AS MATERIALIZED (
    SELECT * FROM notification WHERE id = %(id)s::uuid AND sent IS NULL FOR NO KEY UPDATE
), handed_on AS (
    INSERT INTO notification (kind, newsletter, auth_account_id, iso_639_code, subject_smtp, body_smtp)
    SELECT n.kind, true, a.id, a.iso_639_code, n.subject_smtp, n.body_smtp FROM newsletter n, auth_account a
    WHERE a.verified AND NOT a.child AND NOT coalesce((a.preferences ->> 'ignoreEmailNewsletter')::boolean, false)
)
UPDATE notification n SET sent = now(), send_start = NULL, body_smtp = '' FROM newsletter WHERE n.id = newsletter.id;

-- name: finish
-- The end of a message, whoever has claimed it meanwhile. What it said may be a secret and is not kept.
UPDATE notification SET sent = now(), send_start = NULL, error = %(error)s::text, body_smtp = ''
WHERE id = %(id)s::uuid AND sent IS NULL;

-- name: retry
-- A failed attempt; nothing happens if the claim is not the caller's any more.
UPDATE notification SET attempt = attempt + 1, send_start = NULL, error = %(error)s::text,
    send_after = now() + make_interval(secs => %(delay)s::float8)
WHERE id = %(id)s::uuid AND claims = %(claims)s::integer AND sent IS NULL;

-- name: release
-- A claim that is given back without an attempt, so that another worker need not wait for the lease to end.
UPDATE notification SET send_start = NULL, claims = claims - 1
WHERE id = %(id)s::uuid AND claims = %(claims)s::integer AND sent IS NULL;

-- name: queued
-- The messages of administrators that wait for their time, or for another attempt; those sent at once never waited.
SELECT id::text FROM notification WHERE kind = %(kind)s::text AND sent IS NULL AND send_after <> created;

-- name: known
-- Whether an administrator has sent a message with this id before.
SELECT EXISTS (SELECT FROM notification WHERE id = %(id)s::uuid AND kind = %(kind)s::text);

-- name: waiting
-- A message of administrators that was not sent yet, kept as it is until the transaction ends.
SELECT id::text FROM notification WHERE id = %(id)s::uuid AND kind = %(kind)s::text AND sent IS NULL FOR NO KEY UPDATE;

-- name: withdraw
-- A message of administrators that is not to be sent any more.
DELETE FROM notification WHERE id = %(id)s::uuid AND kind = %(kind)s::text AND sent IS NULL;
