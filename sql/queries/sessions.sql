-- Sessions of an account.

-- name: of_account
-- The sessions of an account that have not expired.
SELECT id FROM auth_session WHERE auth_account_id = %(account)s::uuid AND expires > now();

-- name: to_change
-- One of an account's sessions, kept as it is until the transaction ends.
SELECT id, web_push::text FROM auth_session
WHERE id = %(id)s::uuid AND auth_account_id = %(account)s::uuid AND expires > now() FOR NO KEY UPDATE;

-- name: language
-- The language of an account.
SELECT iso_639_code FROM auth_account WHERE id = %(account)s::uuid;

-- name: delete_one
-- Sign out one of an account's sessions.
DELETE FROM auth_session WHERE id = %(id)s::uuid AND auth_account_id = %(account)s::uuid;

-- name: delete_all
-- Sign an account out everywhere.
DELETE FROM auth_session WHERE auth_account_id = %(account)s::uuid;

-- name: child
-- The primary household of a child, whose editors create sessions for it.
SELECT primary_auth_household_id FROM auth_account WHERE id = %(account)s::uuid AND child;

-- name: open_proxied
-- The session of somebody whom a proxy has signed in; one that has expired begins anew.
INSERT INTO auth_session AS s (auth_account_id, key_hash, admin, name, user_agent, expires)
VALUES (%(account)s::uuid, %(key_hash)s::bytea, %(admin)s::boolean, %(name)s::text, %(user_agent)s::text, %(expires)s::timestamptz)
ON CONFLICT (key_hash) DO UPDATE SET admin = excluded.admin, permissions_account = excluded.permissions_account,
    permissions_households = excluded.permissions_households, expires = excluded.expires
WHERE s.expires <= now();
