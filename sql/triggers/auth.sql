-- What follows from a change to an account, a membership, a household or a session.

-- A session that a process keeps in memory is good while `access` stands still. Who makes one holds the lock of the
-- account's version; only after they are done can their session be seen here.
CREATE OR REPLACE FUNCTION renew_access(accounts uuid[]) RETURNS void LANGUAGE sql AS $$
    SELECT FROM sync_version WHERE owner_id = ANY (accounts) ORDER BY owner_id FOR NO KEY UPDATE;
    UPDATE auth_session SET access = access + 1 WHERE auth_account_id = ANY (accounts)
$$;

CREATE OR REPLACE FUNCTION auth_account_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.time_zone = '' THEN
        NEW.time_zone := 'UTC';
    END IF;
    -- The next agenda is tomorrow in the account's zone (contract B1 §4.4).
    IF NOT is_restoring() AND (TG_OP = 'INSERT'
        OR (NEW.time_zone, NEW.daily_agenda_time) IS DISTINCT FROM (OLD.time_zone, OLD.daily_agenda_time)
        OR (NEW.daily_agenda_notified AND NOT OLD.daily_agenda_notified))
    THEN
        NEW.daily_agenda_next :=
            ((now() AT TIME ZONE NEW.time_zone)::date + 1 + NEW.daily_agenda_time) AT TIME ZONE NEW.time_zone;
        NEW.daily_agenda_notified := false;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER a_account BEFORE INSERT OR UPDATE ON auth_account
    FOR EACH ROW EXECUTE FUNCTION auth_account_before();

-- Households show their members, so a change to one is a change to the other.
CREATE OR REPLACE FUNCTION auth_account_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.name, NEW.email_address, NEW.child, NEW.public_key)
        IS DISTINCT FROM (OLD.name, OLD.email_address, OLD.child, OLD.public_key)
    THEN
        UPDATE auth_household h SET updated = h.updated + interval '1 microsecond' FROM auth_account_auth_household m
        WHERE m.auth_household_id = h.id AND m.auth_account_id = NEW.id;
    END IF;
    IF (NEW.name, NEW.child, NEW.iso_639_code, NEW.time_zone, NEW.primary_auth_household_id)
        IS DISTINCT FROM (OLD.name, OLD.child, OLD.iso_639_code, OLD.time_zone, OLD.primary_auth_household_id)
    THEN
        PERFORM renew_access(ARRAY[NEW.id]);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER account_updated AFTER UPDATE ON auth_account
    FOR EACH ROW EXECUTE FUNCTION auth_account_updated();

-- A household keeps its tasks when the member they were assigned to goes.
CREATE OR REPLACE FUNCTION auth_account_before_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE plan_task SET auth_account_id = NULL WHERE auth_account_id = OLD.id AND auth_household_id IS NOT NULL;
    RETURN OLD;
END $$;
CREATE OR REPLACE TRIGGER account_delete BEFORE DELETE ON auth_account
    FOR EACH ROW EXECUTE FUNCTION auth_account_before_delete();

-- Whose sessions a child's household concerns, and that of its account: they are locked before the household is, in this
-- order by everybody.
CREATE OR REPLACE FUNCTION lock_members(accounts uuid[], households uuid[]) RETURNS void LANGUAGE sql AS $$
    SELECT FROM sync_version WHERE owner_id = ANY (accounts) OR owner_id IN (
        SELECT auth_account_id FROM auth_account_auth_household WHERE auth_household_id = ANY (households))
    ORDER BY owner_id FOR NO KEY UPDATE
$$;

-- Memberships are known by their household's id, and tell the account as well as the household (contract §4).
CREATE OR REPLACE FUNCTION membership_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_operation smallint := CASE TG_OP WHEN 'INSERT' THEN 0 WHEN 'DELETE' THEN 1 ELSE 2 END;
    membership auth_account_auth_household := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    accounts uuid[] := array_remove(ARRAY[membership.auth_account_id], NULL);
BEGIN
    PERFORM lock_members(accounts, array(SELECT membership.auth_household_id FROM auth_account
        WHERE id = ANY (accounts) AND child));
    PERFORM sync_write('auth_account_auth_household', array_agg(
        ROW(owner, membership.auth_household_id, the_operation, membership.updated)::sync_entry))
    FROM unnest(accounts || membership.auth_household_id) owner;
    UPDATE auth_household SET updated = updated + interval '1 microsecond' WHERE id = membership.auth_household_id;
    -- An invitation that nobody accepted makes nobody's objects the household's.
    IF TG_OP <> 'DELETE' AND membership.invite_token = '' THEN
        UPDATE auth_account SET primary_auth_household_id = membership.auth_household_id
        WHERE id = ANY (accounts) AND primary_auth_household_id IS NULL;
    END IF;
    PERFORM renew_access(accounts);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER membership_changed AFTER INSERT OR UPDATE OR DELETE ON auth_account_auth_household
    FOR EACH ROW EXECUTE FUNCTION membership_changed();
CREATE OR REPLACE TRIGGER z_stamp BEFORE UPDATE ON auth_account_auth_household
    FOR EACH ROW EXECUTE FUNCTION stamp();

-- Sessions are announced without a time, and `access` alone is nothing to announce.
CREATE OR REPLACE FUNCTION session_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_session auth_session := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    PERFORM sync_write('auth_session', ARRAY[ROW(the_session.auth_account_id, the_session.id,
        CASE TG_OP WHEN 'INSERT' THEN 0 WHEN 'DELETE' THEN 1 ELSE 2 END, NULL)::sync_entry]);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER session_changed AFTER INSERT OR DELETE ON auth_session
    FOR EACH ROW EXECUTE FUNCTION session_changed();
CREATE OR REPLACE TRIGGER session_updated AFTER UPDATE ON auth_session
    FOR EACH ROW WHEN (to_jsonb(NEW) - 'access' <> to_jsonb(OLD) - 'access') EXECUTE FUNCTION session_changed();

CREATE OR REPLACE FUNCTION session_before_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NULL;
    END IF;
    IF (NEW.admin, NEW.permissions_account, NEW.permissions_households, NEW.web_push)
        IS DISTINCT FROM (OLD.admin, OLD.permissions_account, OLD.permissions_households, OLD.web_push)
    THEN
        NEW.access := OLD.access + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER session_before_update BEFORE UPDATE ON auth_session
    FOR EACH ROW EXECUTE FUNCTION session_before_update();

-- Clients of the baseline know one provider by its number, and show that somebody can sign in with it.
CREATE OR REPLACE FUNCTION identity_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    identity auth_identity := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    UPDATE auth_account a SET oidc_provider_type = CASE WHEN EXISTS (
        SELECT FROM auth_identity i WHERE i.auth_account_id = a.id AND i.issuer = 'https://accounts.google.com'
    ) THEN 2 ELSE 0 END
    WHERE a.id = identity.auth_account_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER identity_changed AFTER INSERT OR DELETE ON auth_identity
    FOR EACH ROW EXECUTE FUNCTION identity_changed();
