-- Health: how often what was taken in was followed by what was felt, and who looks after a child (contract B2 §3).

-- Counts with changes to them; what comes to nothing is left out.
CREATE OR REPLACE FUNCTION recounted(counts jsonb, changes jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(item, total), '{}') FROM (
        SELECT item, sum(n::integer) AS total
        FROM (SELECT * FROM jsonb_each_text(counts) UNION ALL SELECT * FROM jsonb_each_text(changes)) counted (item, n)
        GROUP BY item HAVING sum(n::integer) > 0
    ) kept
$$;

-- THE rule: count a log (`step` 1), or count it no more (-1). It meets the account's logs of the other kind that followed
-- within three days, or that it followed. Its own item counts each of them; their items count it once. Logs of one account
-- wait for each other, so that each of two is counted by the second.
CREATE OR REPLACE FUNCTION correlate(log health_log, step integer, unseen uuid[] DEFAULT '{}')
RETURNS void LANGUAGE sql AS $$
    SELECT FROM sync_version WHERE owner_id = log.auth_account_id FOR NO KEY UPDATE;
    WITH met AS (
        SELECT other.id, count(*) AS logs
        FROM health_item own
        JOIN health_log l ON l.owner_id = own.owner_id AND l.date
            BETWEEN log.date - CASE WHEN own.output THEN 3 ELSE 0 END AND log.date + CASE WHEN own.output THEN 0 ELSE 3 END
        JOIN health_item other ON other.id = l.health_item_id AND other.output <> own.output
        WHERE own.id = log.health_item_id AND l.id <> ALL (unseen)
        GROUP BY other.id
    ), changes AS (
        SELECT log.health_item_id AS item, jsonb_object_agg(id, step * logs) AS counts FROM met HAVING count(*) > 0
        UNION ALL
        SELECT id, jsonb_build_object(log.health_item_id, step) FROM met
    )
    UPDATE health_item i SET correlations = recounted(i.correlations, c.counts) FROM changes c WHERE i.id = c.item
$$;

CREATE OR REPLACE FUNCTION health_log_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    log health_log;
BEGIN
    IF is_restoring() THEN
        RETURN NULL;
    END IF;
    -- as if they had come one after the other
    FOR log IN SELECT * FROM new_rows ORDER BY id LOOP
        PERFORM correlate(log, 1, array(SELECT id FROM new_rows WHERE id > log.id));
    END LOOP;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER correlate_inserted AFTER INSERT ON health_log REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION health_log_inserted();

CREATE OR REPLACE FUNCTION health_log_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM correlate(OLD, -1);
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE OR REPLACE TRIGGER correlate_deleted BEFORE DELETE ON health_log
    FOR EACH ROW EXECUTE FUNCTION health_log_goes();
CREATE OR REPLACE TRIGGER correlate_moved BEFORE UPDATE ON health_log
    FOR EACH ROW WHEN ((NEW.health_item_id, NEW.date) IS DISTINCT FROM (OLD.health_item_id, OLD.date))
    EXECUTE FUNCTION health_log_goes();

CREATE OR REPLACE FUNCTION health_log_comes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM correlate(NEW, 1);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER correlate_moved_there AFTER UPDATE ON health_log
    FOR EACH ROW WHEN ((NEW.health_item_id, NEW.date) IS DISTINCT FROM (OLD.health_item_id, OLD.date))
    EXECUTE FUNCTION health_log_comes();

-- An item that is gone, or is of the other kind now, is counted nowhere.
CREATE OR REPLACE FUNCTION forget_items(accounts uuid[], items text[]) RETURNS void LANGUAGE sql AS $$
    UPDATE health_item SET correlations = correlations - items
    WHERE auth_account_id = ANY (accounts) AND correlations ?| items
$$;

CREATE OR REPLACE FUNCTION health_item_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM forget_items(array_agg(DISTINCT auth_account_id), array_agg(id::text)) FROM old_rows;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER forget_deleted AFTER DELETE ON health_item REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION health_item_deleted();

CREATE OR REPLACE FUNCTION health_item_flipped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_WHEN = 'BEFORE' THEN
        NEW.correlations := '{}';
        RETURN NEW;
    END IF;
    PERFORM forget_items(ARRAY[NEW.auth_account_id], ARRAY[NEW.id::text]);
    DELETE FROM health_log WHERE health_item_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER b_flipped BEFORE UPDATE ON health_item
    FOR EACH ROW WHEN (NEW.output <> OLD.output) EXECUTE FUNCTION health_item_flipped();
CREATE OR REPLACE TRIGGER flipped AFTER UPDATE ON health_item
    FOR EACH ROW WHEN (NEW.output <> OLD.output) EXECUTE FUNCTION health_item_flipped();

-- Who administers a child's primary household looks after its health: what they see changes with that household. Their
-- sessions are renewed after it was touched, as who joins it or leaves waits for that.
CREATE OR REPLACE FUNCTION child_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    households uuid[] := ARRAY[OLD.primary_auth_household_id, NEW.primary_auth_household_id];
BEGIN
    PERFORM lock_members('{}', households);
    UPDATE auth_household SET updated = updated + interval '1 microsecond' WHERE id = ANY (households);
    PERFORM renew_access(array(SELECT auth_account_id FROM auth_account_auth_household
        WHERE auth_household_id = ANY (households) AND auth_account_id IS NOT NULL));
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER child_moved AFTER UPDATE ON auth_account
    FOR EACH ROW WHEN ((OLD.child OR NEW.child) AND (NEW.child, NEW.primary_auth_household_id)
        IS DISTINCT FROM (OLD.child, OLD.primary_auth_household_id))
    EXECUTE FUNCTION child_moved();
