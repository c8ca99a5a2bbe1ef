-- The outbox. Leases and due times are compared by PostgreSQL's clock, so that the clocks of workers do not matter.

-- name: enqueue
-- Messages for workers to deliver, each as one row for mail and one for each device; a trigger wakes the workers when the
-- caller's transaction commits. A device is where a session that has not expired takes web push, and may see what it is of;
-- of those that an account signed in on last, so many are told.
WITH message AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(messages)s::jsonb) AS message (
        kind text, language text, subject text, body text, push text, to_smtp text, account_id uuid, system boolean,
        mail boolean, actions jsonb, component text, household_id uuid, subscription jsonb
    )
)
INSERT INTO notification (kind, iso_639_code, auth_account_id, system, subject_smtp, body_smtp, to_smtp,
    subject_web_push, body_web_push, actions, to_web_push)
SELECT kind, language, account_id, system, subject, body, to_smtp, '', '', NULL::jsonb, NULL::jsonb
FROM message WHERE mail
UNION ALL
SELECT m.kind, m.language, m.account_id, m.system, '', '', '', m.subject, m.push, m.actions, jsonb_build_array(device.web_push)
FROM message m CROSS JOIN LATERAL (
    SELECT (array_agg(s.web_push ORDER BY s.created DESC))[1] AS web_push FROM auth_session s
    WHERE s.auth_account_id = m.account_id AND s.web_push IS NOT NULL AND s.expires > now()
        AND (m.subscription IS NULL OR s.web_push = m.subscription)
        AND (m.component = '' OR session_may_view(s.permissions_account, s.permissions_households,
            m.household_id, m.component))
    GROUP BY s.web_push ->> 'endpoint'
    ORDER BY max(s.created) DESC
    LIMIT %(devices)s::integer
) device
WHERE m.actions IS NOT NULL;

-- name: claim_mail
-- One message that is due and that nobody is busy with, for the caller alone: a mail, or what is to be handed on. Its
-- address is empty if it must not go out: to children never, to an address that is not verified only what the system has to
-- say (contract §8.3). That comes first: whoever waits for a new password does not wait for everybody's agendas.
WITH due AS MATERIALIZED (
    SELECT id, auth_account_id FROM notification
    WHERE way = 'smtp' AND sent IS NULL AND send_after <= now()
        AND (send_start IS NULL OR send_start < now() - make_interval(secs => %(lease)s::float8))
    ORDER BY system DESC, send_after
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
    END, n.kind = %(announcement)s::text AND n.notification_id IS NULL;

-- name: claim_push
-- The same for a message that goes to a device. Its subscription is null if it must not go out: to children never, and
-- not to a device on which the account is not signed in any more.
WITH due AS MATERIALIZED (
    SELECT id, auth_account_id, to_web_push -> 0 AS subscription FROM notification
    WHERE way = 'webpush' AND sent IS NULL AND send_after <= now()
        AND (send_start IS NULL OR send_start < now() - make_interval(secs => %(lease)s::float8))
    ORDER BY system DESC, send_after
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE notification n SET send_start = now(), claims = n.claims + 1
FROM due LEFT JOIN auth_account a ON a.id = due.auth_account_id
WHERE n.id = due.id
RETURNING n.id::text, n.claims, n.attempt, n.kind, n.subject_web_push, n.body_web_push, n.actions::text,
    n.created < now() - make_interval(secs => %(longest)s::float8), CASE WHEN a.id IS NULL OR NOT a.child AND EXISTS (
        SELECT FROM auth_session s WHERE s.auth_account_id = a.id AND s.expires > now() AND s.web_push = due.subscription
    ) THEN due.subscription::text END;

-- name: origin
-- The span that a message was written in, if that is traced.
SELECT traceparent FROM notification WHERE id = %(id)s::uuid;

-- name: hand_on
-- What an administrator wrote becomes a message for each recipient, once, and has come to its end with that. A newsletter
-- goes to each account that wants it, or to the one that it is for, by mail only; anything else by mail to the address or
-- the account, and to the devices that it names or that the account has.
WITH original AS MATERIALIZED (
    SELECT *, newsletter AND auth_account_id IS NULL AS for_everybody, subject_smtp || body_smtp <> '' AS mailed,
        subject_web_push || body_web_push <> '' AND NOT newsletter AS pushed
    FROM notification WHERE id = %(id)s::uuid AND sent IS NULL FOR NO KEY UPDATE
), mails AS (
    INSERT INTO notification (notification_id, kind, newsletter, auth_account_id, iso_639_code, subject_smtp, body_smtp, to_smtp)
    SELECT o.id, o.kind, o.newsletter, coalesce(a.id, o.auth_account_id), coalesce(a.iso_639_code, o.iso_639_code),
        o.subject_smtp, o.body_smtp, CASE WHEN o.for_everybody THEN '' ELSE o.to_smtp END
    FROM original o
    LEFT JOIN auth_account a ON a.id = o.auth_account_id OR o.for_everybody AND a.verified AND NOT a.child
        AND NOT coalesce((a.preferences ->> 'ignoreEmailNewsletter')::boolean, false)
    WHERE o.mailed AND (a.id IS NOT NULL OR o.to_smtp <> '' AND NOT o.for_everybody)
    RETURNING id
), pushes AS (
    INSERT INTO notification (notification_id, kind, auth_account_id, subject_web_push, body_web_push, actions, to_web_push)
    SELECT o.id, o.kind, o.auth_account_id, o.subject_web_push, o.body_web_push, o.actions, jsonb_build_array(device.web_push)
    FROM original o CROSS JOIN LATERAL (
        SELECT DISTINCT ON (web_push ->> 'endpoint') web_push FROM (
            SELECT named AS web_push FROM jsonb_array_elements(o.to_web_push) named
            UNION ALL
            SELECT s.web_push FROM auth_session s WHERE s.auth_account_id = o.auth_account_id AND o.to_web_push IS NULL
                AND s.web_push IS NOT NULL AND s.expires > now()
        ) known ORDER BY web_push ->> 'endpoint'
    ) device
    WHERE o.pushed
    RETURNING id
), handed_on AS (
    SELECT count(*) AS messages FROM (SELECT FROM mails UNION ALL SELECT FROM pushes) made
)
UPDATE notification n SET sent = now(), send_start = NULL, body_smtp = '', body_web_push = '', to_web_push = NULL,
    error = CASE WHEN handed_on.messages = 0 THEN 'there is nobody to send it to' ELSE '' END
FROM original, handed_on WHERE n.id = original.id;

-- name: finish
-- The end of a message, whoever has claimed it meanwhile. What it said may be a secret and is not kept.
UPDATE notification SET sent = now(), send_start = NULL, error = %(error)s::text, body_smtp = '', body_web_push = '',
    to_web_push = CASE WHEN way = 'webpush' THEN jsonb_build_array(jsonb_build_object(
        'endpoint', origin_of(to_web_push -> 0 ->> 'endpoint'),
        'name', (SELECT s.name FROM auth_session s
            WHERE s.auth_account_id = notification.auth_account_id AND s.web_push = to_web_push -> 0 LIMIT 1))) END
WHERE id = %(id)s::uuid AND sent IS NULL;

-- name: forget
-- A device does not take messages any more: nobody who was signed in there and still has this subscription is sent any.
UPDATE auth_session SET web_push = NULL WHERE web_push = %(subscription)s::jsonb
    AND auth_account_id = (SELECT auth_account_id FROM notification WHERE id = %(id)s::uuid);

-- name: retry
-- A failed attempt; nothing happens if the claim is not the caller's any more.
UPDATE notification SET attempt = attempt + 1, send_start = NULL, error = %(error)s::text,
    send_after = now() + make_interval(secs => %(delay)s::float8)
WHERE id = %(id)s::uuid AND claims = %(claims)s::integer AND sent IS NULL;

-- name: wait
-- What else waits for the same device waits as long, so that a push service that answers nobody is asked once at a time.
UPDATE notification SET send_after = now() + make_interval(secs => %(delay)s::float8)
WHERE id IN (
    SELECT n.id FROM notification failed
    JOIN notification n ON n.auth_account_id = failed.auth_account_id AND n.to_web_push = failed.to_web_push
    WHERE failed.id = %(id)s::uuid AND n.way = 'webpush' AND n.sent IS NULL AND n.send_start IS NULL
        AND n.send_after < now() + make_interval(secs => %(delay)s::float8)
    FOR NO KEY UPDATE OF n SKIP LOCKED
);

-- name: wait_for_service
-- All that is due at a service that does not answer waits, too: asking it takes a worker seconds each time, in which nobody
-- else is told anything.
UPDATE notification SET send_after = now() + make_interval(secs => %(delay)s::float8)
WHERE id IN (
    SELECT n.id FROM notification failed
    JOIN notification n ON origin_of(n.to_web_push -> 0 ->> 'endpoint') = origin_of(failed.to_web_push -> 0 ->> 'endpoint')
    WHERE failed.id = %(id)s::uuid AND n.way = 'webpush' AND n.sent IS NULL AND n.send_start IS NULL
        AND n.send_after <= now()
    FOR NO KEY UPDATE OF n SKIP LOCKED
);

-- name: release
-- A claim that is given back without an attempt, so that another worker need not wait for the lease to end.
UPDATE notification SET send_start = NULL, claims = claims - 1
WHERE id = %(id)s::uuid AND claims = %(claims)s::integer AND sent IS NULL;

-- name: queued
-- The messages of administrators that wait for their time; those sent at once never waited.
SELECT id::text FROM notification
WHERE kind = %(kind)s::text AND notification_id IS NULL AND sent IS NULL AND send_after <> created;

-- name: known
-- Whether an administrator has sent a message with this id before.
SELECT EXISTS (SELECT FROM notification WHERE id = %(id)s::uuid AND kind = %(kind)s::text);

-- name: waiting
-- A message of administrators that was not sent yet, kept as it is until the transaction ends.
SELECT id::text FROM notification
WHERE id = %(id)s::uuid AND kind = %(kind)s::text AND notification_id IS NULL AND sent IS NULL FOR NO KEY UPDATE;

-- name: withdraw
-- A message of administrators that is not to be sent any more.
DELETE FROM notification WHERE id = %(id)s::uuid AND kind = %(kind)s::text AND sent IS NULL;

-- name: deliveries
-- What became of messages, for each recipient, the newest first: of one message of an administrator, to one account, or of
-- all. Neither what they said is told nor where exactly a device takes them.
SELECT string_agg(json_build_object(
    'attempt', n.attempt,
    'authAccountID', n.auth_account_id,
    'created', wire_timestamp(n.created),
    'device', coalesce(n.to_web_push -> 0 ->> 'name', (SELECT s.name FROM auth_session s
        WHERE s.auth_account_id = n.auth_account_id AND s.web_push = n.to_web_push -> 0 LIMIT 1), ''),
    'error', n.error,
    'id', n.id,
    'kind', n.kind,
    'notificationID', n.notification_id,
    'recipient', CASE n.way
        WHEN 'webpush' THEN substring(n.to_web_push -> 0 ->> 'endpoint' FROM '^https://([^/?#]*)')
        ELSE coalesce(nullif(n.to_smtp, ''), (SELECT a.email_address FROM auth_account a WHERE a.id = n.auth_account_id), '')
    END,
    'sendAfter', wire_timestamp(n.send_after),
    'sent', wire_timestamp(n.sent),
    'status', CASE WHEN n.sent IS NULL THEN 'waiting' WHEN n.error = '' THEN 'delivered' ELSE 'givenUp' END,
    'type', n.way
)::text, ',' ORDER BY n.created DESC, n.id)
FROM (
    SELECT * FROM notification
    WHERE (kind <> %(announcement)s::text OR notification_id IS NOT NULL OR error <> '')
        AND (%(notification)s::uuid IS NULL OR %(notification)s::uuid IN (id, notification_id))
        AND (%(account)s::uuid IS NULL OR auth_account_id = %(account)s::uuid)
    ORDER BY created DESC, id OFFSET %(offset)s::bigint LIMIT %(limit)s::integer
) n;
