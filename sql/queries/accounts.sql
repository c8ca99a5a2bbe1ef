-- Signing up and in, passwords, addresses and what proves them. Tokens are stored as hashes.

-- name: person
-- Whom a request is about, by id.
SELECT id, email_address, name, iso_639_code, child, verified FROM auth_account WHERE id = %(id)s::uuid;

-- name: person_to_change
-- The same, kept as it is until the transaction ends.
SELECT id, email_address, name, iso_639_code, child, verified FROM auth_account WHERE id = %(id)s::uuid FOR NO KEY UPDATE;

-- name: person_by_address
-- Whom an address belongs to.
SELECT id, email_address, name, iso_639_code, child, verified FROM auth_account WHERE email_address = %(email_address)s::text;

-- name: person_by_address_to_change
-- The same, kept as it is until the transaction ends.
SELECT id, email_address, name, iso_639_code, child, verified FROM auth_account
WHERE email_address = %(email_address)s::text FOR NO KEY UPDATE;

-- name: password
-- What a password is compared with.
SELECT password_hash FROM auth_account WHERE id = %(id)s::uuid;

-- name: credentials
-- What somebody who signs in has to know, kept as it is until the transaction ends.
SELECT password_hash, totp_secret, totp_backup FROM auth_account WHERE id = %(id)s::uuid FOR NO KEY UPDATE;

-- name: backup_code
-- What signs in when the authenticator is lost.
SELECT totp_backup FROM auth_account WHERE id = %(id)s::uuid;

-- name: use_totp_step
-- A one-time password works once: take its step, unless it or a later one was used already (RFC 6238 section 5.2).
UPDATE auth_account SET totp_step = %(step)s::bigint WHERE id = %(id)s::uuid AND totp_step < %(step)s::bigint;

-- name: memberships
-- An account's households and what they grant it.
SELECT auth_household_id, permissions::text FROM auth_account_auth_household WHERE auth_account_id = %(id)s::uuid;

-- name: matching
-- What an administrator looks for, by the id of an account or a household or a part of the address: how many, and a page.
WITH matching AS MATERIALIZED (
    SELECT a.id, a.created FROM auth_account a
    WHERE CASE WHEN %(filter_id)s::uuid IS NULL THEN strpos(a.email_address, lower(%(filter)s::text)) > 0
        ELSE a.id = %(filter_id)s::uuid OR EXISTS (
            SELECT FROM auth_account_auth_household m
            WHERE m.auth_account_id = a.id AND m.auth_household_id = %(filter_id)s::uuid
        )
    END
)
SELECT (SELECT count(*) FROM matching), array(
    SELECT id::text FROM matching ORDER BY created, id LIMIT %(limit)s::integer OFFSET %(offset)s::bigint
);

-- name: delete_account
-- An account and everything that is its own.
DELETE FROM auth_account WHERE id = %(id)s::uuid;

-- name: use_verification_token
-- The address is theirs, as they have the mailed token. It works once.
UPDATE auth_account SET verified = true, verification_token = NULL
WHERE id = %(id)s::uuid AND verification_token = %(token)s::bytea;

-- name: use_reset_token
-- A new password for who has the mailed token, which also proves the address. It works once (contract section 3.6).
-- If nobody had proved it before, somebody else may know where the calendar feed is.
UPDATE auth_account SET password_hash = %(password_hash)s::text, totp_secret = '', totp_backup = '',
    password_reset_token = NULL, password_reset_expires = NULL,
    icalendar_id = CASE WHEN verified THEN icalendar_id END,
    verified = true, verification_token = NULL
WHERE id = %(id)s::uuid AND password_reset_token = %(token)s::bytea AND password_reset_expires > now();

-- name: vouch
-- A proxy says that an address is theirs, which nobody had proved: what somebody else may know of the account is void.
UPDATE auth_account SET password_hash = '', totp_secret = '', totp_backup = '',
    password_reset_token = NULL, password_reset_expires = NULL, icalendar_id = NULL,
    verified = true, verification_token = NULL
WHERE id = %(id)s::uuid AND NOT verified AND NOT child;

-- name: can_sign_in
-- Whether there is a way into an account: a password, an identity at one of these providers, or a passkey for this host.
SELECT password_hash <> ''
    OR EXISTS (SELECT FROM auth_identity i WHERE i.auth_account_id = a.id AND i.issuer = ANY (%(issuers)s::text[]))
    OR EXISTS (SELECT FROM auth_passkey p WHERE p.auth_account_id = a.id AND p.host = %(host)s::text)
FROM auth_account a WHERE a.id = %(account)s::uuid;
