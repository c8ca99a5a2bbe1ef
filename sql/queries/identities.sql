-- Who people are elsewhere, and those who are on their way back from there.

-- name: begin
-- Somebody is sent to a provider.
INSERT INTO auth_oidc_flow (state_hash, provider, verifier, auth_account_id)
VALUES (%(state_hash)s::bytea, %(provider)s::text, %(verifier)s::text, %(account)s::uuid);

-- name: finish
-- They are back in time. This works once, whatever comes of it.
DELETE FROM auth_oidc_flow
WHERE state_hash = %(state_hash)s::bytea AND created > now() - make_interval(secs => %(seconds)s::integer)
RETURNING provider, verifier, auth_account_id;

-- name: account
-- Whose account an identity signs in to.
SELECT auth_account_id FROM auth_identity WHERE issuer = %(issuer)s::text AND subject = %(subject)s::text;

-- name: use
-- The identity signs in, if it still does so to that account.
UPDATE auth_identity SET last_used = now()
WHERE issuer = %(issuer)s::text AND subject = %(subject)s::text AND auth_account_id = %(account)s::uuid;

-- name: link
-- An identity signs in to an account from now on, unless it does so to one already.
INSERT INTO auth_identity (auth_account_id, issuer, subject, email_address)
VALUES (%(account)s::uuid, %(issuer)s::text, %(subject)s::text, %(email_address)s::text)
ON CONFLICT (issuer, subject) DO NOTHING;

-- name: of_account
-- The identities of an account.
SELECT id FROM auth_identity WHERE auth_account_id = %(account)s::uuid ORDER BY created, id;

-- name: unlink
-- An identity signs in to its account no more.
DELETE FROM auth_identity WHERE id = %(id)s::uuid AND auth_account_id = %(account)s::uuid RETURNING issuer;

-- name: unlink_all
-- No identity signs in to an account any more.
DELETE FROM auth_identity WHERE auth_account_id = %(account)s::uuid;
