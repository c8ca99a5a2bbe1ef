-- Sessions of an account.

-- name: of_account
-- The sessions of an account that have not expired.
SELECT id FROM auth_session WHERE auth_account_id = %(account)s::uuid AND expires > now();

-- name: to_change
-- One of an account's sessions, kept as it is until the transaction ends.
SELECT id FROM auth_session
WHERE id = %(id)s::uuid AND auth_account_id = %(account)s::uuid AND expires > now() FOR NO KEY UPDATE;

-- name: delete_one
-- Sign out one of an account's sessions.
DELETE FROM auth_session WHERE id = %(id)s::uuid AND auth_account_id = %(account)s::uuid;

-- name: delete_all
-- Sign an account out everywhere.
DELETE FROM auth_session WHERE auth_account_id = %(account)s::uuid;

-- name: child
-- The primary household of a child, whose editors create sessions for it.
SELECT primary_auth_household_id FROM auth_account WHERE id = %(account)s::uuid AND child;
