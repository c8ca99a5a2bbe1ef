-- How accounts, households and sessions are shown, and whether a session may still do what it could.

-- Whether a session lasts and may do what it could when its permissions were read, at a count of `access`.
CREATE OR REPLACE FUNCTION is_current(the_session uuid, the_access bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM auth_session s WHERE s.id = the_session AND s.access = the_access AND s.expires > now())
$$;

-- Every permission of a stored set; what is not named is edit (0).
CREATE OR REPLACE FUNCTION all_permissions(stored jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{"auth": 0, "budget": 0, "calendar": 0, "cook": 0, "health": 0, "inventory": 0, "notes": 0, "plan": 0,
        "reward": 0, "secrets": 0, "shop": 0}'::jsonb || stored
$$;

-- A household's members, those who joined and those who are invited.
CREATE OR REPLACE FUNCTION household_members(household uuid) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', coalesce(a.id, '00000000-0000-0000-0000-000000000000'),
        'authAccountID', a.id,
        'authHouseholdID', m.auth_household_id,
        'child', coalesce(a.child, false),
        'color', m.color,
        'emailAddress', coalesce(a.email_address, m.email_address),
        'inviteToken', m.invite_token,
        'name', coalesce(a.name, ''),
        'permissions', all_permissions(m.permissions),
        'publicKey', coalesce(a.public_key, '')
    ) ORDER BY m.created, m.id), '[]')::json
    FROM auth_account_auth_household m LEFT JOIN auth_account a ON a.id = m.auth_account_id
    WHERE m.auth_household_id = household
$$;

-- What a session may do in each household of its account: of the membership's level and the session's own the more
-- restrictive one; a household that the session does not name is granted as the membership says (contract §3.5).
CREATE OR REPLACE FUNCTION session_permissions(account uuid, lowered jsonb) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'authHouseholdID', m.auth_household_id,
        'permissions', (
            SELECT jsonb_object_agg(component, greatest(level::integer, (l.permissions ->> component)::integer))
            FROM jsonb_each_text(all_permissions(m.permissions)) AS granted (component, level)
        )
    ) ORDER BY m.created, m.id), '[]')::json
    FROM auth_account_auth_household m
    LEFT JOIN LATERAL (
        SELECT entry -> 'permissions' AS permissions FROM jsonb_array_elements(lowered) entry
        WHERE entry ->> 'authHouseholdID' = m.auth_household_id::text LIMIT 1
    ) l ON true
    WHERE m.auth_account_id = account
$$;
