-- Who is told what, and in which way (contract §3.4, §8.3).

-- Preferences of an account that wants nothing of a kind; of a household's, the part about that household.
CREATE OR REPLACE FUNCTION unwanted(household uuid, flag text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN household IS NULL THEN jsonb_build_object(flag, true)
        ELSE jsonb_build_object('notificationsHouseholds', jsonb_build_array(
            jsonb_build_object('authHouseholdID', household, flag, true)))
    END
$$;

-- Whether an account is to be told by mail, and on devices. `about` is how its preferences call it, such as PlanTask; for
-- what is a household's there are some for each household. Children are never told; mail needs a verified address.
CREATE OR REPLACE FUNCTION ways_to(
    preferences jsonb, verified boolean, child boolean, household uuid, about text, OUT mail boolean, OUT push boolean
) LANGUAGE sql STABLE AS $$
    SELECT verified AND NOT child AND NOT preferences @> unwanted(household, 'ignoreEmail' || about),
        NOT child AND NOT preferences @> unwanted(household, 'ignoreDevice' || about)
$$;

-- Whether a session may be told of what is in a part of the household, or of the account if there is none, by how it was
-- lowered. What the account itself may see there is for the caller to know.
CREATE OR REPLACE FUNCTION session_may_view(
    permissions_account jsonb, permissions_households jsonb, household uuid, component text
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((CASE
        WHEN household IS NULL THEN permissions_account
        ELSE (SELECT entry -> 'permissions' FROM jsonb_array_elements(permissions_households) entry
            WHERE entry ->> 'authHouseholdID' = household::text LIMIT 1)
    END ->> component)::integer, 0) <= 1
$$;

-- Where a push service is; what follows is the secret of one subscription.
CREATE OR REPLACE FUNCTION origin_of(endpoint text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT substring(endpoint FROM '^https://[^/?#]*')
$$;
