-- Households as files: what goes into one, and what has to be settled before one is restored.

-- name: household
-- What a household is called, its backup key, and the people whose home it is.
SELECT h.name, h.backup_encryption_key, array(
    SELECT a.id FROM auth_account a JOIN auth_account_auth_household m ON m.auth_account_id = a.id
    WHERE m.auth_household_id = h.id AND m.invite_token = '' AND a.primary_auth_household_id = h.id
    ORDER BY m.created, m.id
)
FROM auth_household h WHERE h.id = %(household)s::uuid;

-- name: backup_key
-- What a household's archives are encrypted with.
SELECT backup_encryption_key FROM auth_household WHERE id = %(household)s::uuid;

-- name: named
-- The households that an id or a name means.
SELECT id FROM auth_household WHERE id = %(id)s::uuid OR name = %(name)s::text ORDER BY id LIMIT 2;

-- name: begin
-- From here on this transaction restores (see is_restoring); that ends with it.
SELECT set_config('homechart.restoring', 'on', true);

-- name: end
-- What this transaction does from here on is a write like any other.
SELECT set_config('homechart.restoring', 'off', true);

-- name: household_taken
-- Whether a household here has a code for referrals, or the id of a server of its own.
SELECT EXISTS (SELECT FROM auth_household WHERE subscription_referral_code = %(subscription_referral_code)s::text),
    EXISTS (SELECT FROM auth_household WHERE self_hosted_id = %(self_hosted_id)s::uuid);

-- name: tokens_taken
-- Those of some tokens that invitations here have.
SELECT array(SELECT invite_token FROM auth_account_auth_household
    WHERE invite_token = ANY (%(tokens)s::text[]) AND invite_token <> '');

-- name: strangers
-- Whether somebody of these is in no household.
SELECT EXISTS (
    SELECT FROM unnest(%(accounts)s::uuid[]) AS brought (id)
    WHERE NOT EXISTS (SELECT FROM auth_account_auth_household m WHERE m.auth_account_id = brought.id)
);

-- name: taken
-- Who has one of these addresses here, whether they are a child, and the households they are in; nobody changes them
-- until the transaction ends.
SELECT a.id, a.email_address, a.verified, a.child, array(
    SELECT m.auth_household_id FROM auth_account_auth_household m WHERE m.auth_account_id = a.id
)
FROM auth_account a WHERE a.email_address = ANY (%(addresses)s::text[]) ORDER BY a.id FOR UPDATE;

-- name: identities
-- Who people are elsewhere whose accounts are about to go, by the address of the account.
SELECT a.email_address, to_jsonb(i)::text FROM auth_identity i JOIN auth_account a ON a.id = i.auth_account_id
WHERE a.id = ANY (%(accounts)s::uuid[]);

-- name: replace
-- Accounts go, with everything that is their own.
DELETE FROM auth_account WHERE id = ANY (%(accounts)s::uuid[]);

-- name: clear
-- A household goes if nobody is in it any more.
DELETE FROM auth_household h WHERE h.id = %(household)s::uuid
    AND NOT EXISTS (SELECT FROM auth_account_auth_household m
        WHERE m.auth_household_id = h.id AND m.auth_account_id IS NOT NULL);

-- name: uninvite
-- Who joins needs no invitation any more.
DELETE FROM auth_account_auth_household
WHERE auth_household_id = %(household)s::uuid AND auth_account_id IS NULL
    AND email_address = (SELECT email_address FROM auth_account WHERE id = %(id)s::uuid);
