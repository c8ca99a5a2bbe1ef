-- Passkeys, and the challenges that they sign.

-- name: challenge_to_sign_in
-- What somebody who is not known yet has to sign.
INSERT INTO auth_challenge (hash, expires) VALUES (%(hash)s::bytea, %(expires)s::timestamptz);

-- name: challenge_to_enrol
-- What a session has to get signed to add a passkey. It has one at a time; a new one takes the place of the last.
INSERT INTO auth_challenge (hash, auth_session_id, expires)
VALUES (%(hash)s::bytea, %(session)s::uuid, %(expires)s::timestamptz)
ON CONFLICT (auth_session_id) WHERE auth_session_id IS NOT NULL
DO UPDATE SET hash = excluded.hash, expires = excluded.expires;

-- name: redeem_challenge
-- A challenge works once, before it expires, and for what and whom it was made.
DELETE FROM auth_challenge
WHERE hash = %(hash)s::bytea AND auth_session_id IS NOT DISTINCT FROM %(session)s::uuid
    AND expires > %(now)s::timestamptz
RETURNING true;

-- name: of_account
-- The passkeys of an account, wherever they work.
SELECT id FROM auth_passkey WHERE auth_account_id = %(account)s::uuid;

-- name: known_to_browser
-- The passkeys of an account that a browser can use here, so that none is made where there is one.
SELECT credential_id, transports FROM auth_passkey
WHERE auth_account_id = %(account)s::uuid AND host = %(host)s::text ORDER BY created;

-- name: count
-- How many an account has.
SELECT count(*) FROM auth_passkey WHERE auth_account_id = %(account)s::uuid;

-- name: account
-- Whose passkey this is.
SELECT auth_account_id FROM auth_passkey WHERE credential_id = %(credential_id)s::bytea AND host = %(host)s::text;

-- name: to_sign_in
-- What a signature is checked with.
SELECT id, public_key, sign_count FROM auth_passkey
WHERE credential_id = %(credential_id)s::bytea AND auth_account_id = %(account)s::uuid AND host = %(host)s::text;

-- name: use
-- It has signed in: remember when, how far its authenticator has counted, and whether there is a copy by now.
UPDATE auth_passkey SET last_used = now(), sign_count = %(sign_count)s::bigint, backed_up = %(backed_up)s::boolean
WHERE id = %(id)s::uuid;

-- name: rename
-- Call one of an account's passkeys something else.
UPDATE auth_passkey SET name = %(name)s::text
WHERE id = %(id)s::uuid AND auth_account_id = %(account)s::uuid AND name <> %(name)s::text;

-- name: delete_one
-- Remove one of an account's passkeys; what it was called.
DELETE FROM auth_passkey WHERE id = %(id)s::uuid AND auth_account_id = %(account)s::uuid RETURNING name;

-- name: delete_all
-- Remove all of them; what they were called.
DELETE FROM auth_passkey WHERE auth_account_id = %(account)s::uuid RETURNING name;
