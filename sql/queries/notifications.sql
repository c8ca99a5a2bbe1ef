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
        WHEN a.child THEN ''
        WHEN n.to_smtp <> '' THEN n.to_smtp
        WHEN n.system OR a.verified THEN coalesce(a.email_address, '')
        ELSE ''
    END;

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
