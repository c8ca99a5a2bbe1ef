-- Households, who is in them and who is invited.

-- name: matching
-- What an administrator looks for, all households or the one with an id: how many, and a page.
WITH matching AS MATERIALIZED (
    SELECT h.id, h.created FROM auth_household h
    WHERE CASE WHEN %(filter_id)s::uuid IS NULL THEN NOT h.demo ELSE h.id = %(filter_id)s::uuid END
)
SELECT (SELECT count(*) FROM matching), array(
    SELECT id::text FROM matching ORDER BY created, id LIMIT %(limit)s::integer OFFSET %(offset)s::bigint
);

-- name: name
-- What a household is called.
SELECT name FROM auth_household WHERE id = %(id)s::uuid;

-- name: delete_household
-- A household and everything that is its own.
DELETE FROM auth_household WHERE id = %(id)s::uuid;

-- name: member
-- Whether an account is in a household, invited or not.
SELECT id FROM auth_account_auth_household
WHERE auth_household_id = %(household)s::uuid AND auth_account_id = %(account)s::uuid;

-- name: remove_member
-- Somebody leaves; what was theirs alone stays theirs.
DELETE FROM auth_account_auth_household
WHERE auth_household_id = %(household)s::uuid AND auth_account_id = %(account)s::uuid;

-- name: invite
-- An invitation by its token, kept as it is until the transaction ends.
SELECT id FROM auth_account_auth_household
WHERE invite_token = upper(%(token)s::text) AND invite_token <> '' FOR UPDATE;

-- name: accept_invite
-- Who has the token joins. Whoever the address belonged to, if somebody else, is in no longer.
WITH gone AS (
    DELETE FROM auth_account_auth_household
    WHERE id = %(id)s::uuid AND auth_account_id <> %(account)s::uuid
    RETURNING auth_household_id, color, permissions
), joined AS (
    INSERT INTO auth_account_auth_household (auth_account_id, auth_household_id, color, permissions)
    SELECT %(account)s::uuid, auth_household_id, color, permissions FROM gone
    RETURNING id
), accepted AS (
    UPDATE auth_account_auth_household SET auth_account_id = %(account)s::uuid, email_address = '', invite_token = ''
    WHERE id = %(id)s::uuid AND (auth_account_id IS NULL OR auth_account_id = %(account)s::uuid)
    RETURNING id
)
SELECT id FROM joined UNION ALL SELECT id FROM accepted;

-- name: delete_invite
-- An invitation is taken back or refused. Knowing the token is enough (contract section 3.8).
DELETE FROM auth_account_auth_household WHERE invite_token = upper(%(token)s::text) AND invite_token <> '';

-- name: feature_votes
-- The votes of all households, a row for each feature; what was said about it comes in the order of households.
SELECT string_agg(json_build_object('amount', amount, 'comment', comment, 'feature', feature)::text, E',\n' ORDER BY feature)
FROM (
    SELECT (vote ->> 'feature')::integer AS feature, sum((vote ->> 'amount')::integer) AS amount,
        coalesce(string_agg(nullif(vote ->> 'comment', ''), E'\n' ORDER BY h.created, h.id), '') AS comment
    FROM auth_household h, jsonb_array_elements(h.feature_votes) vote
    GROUP BY 1
) summed;

-- name: delete_feature_votes
-- Every household can vote anew.
UPDATE auth_household SET feature_votes = '[]' WHERE feature_votes <> '[]';
