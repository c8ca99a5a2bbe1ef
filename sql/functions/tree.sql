-- Rules that trees and ordered siblings share.

-- The position a row gets among its siblings: its own, unless that is empty or taken; then after the last (contract B2 §1.7).
-- The numbers are as long as a client makes them; the last one there can be, of 100 digits, is shared.
CREATE OR REPLACE FUNCTION placed(wanted text, siblings text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN wanted <> '' AND wanted <> ALL (siblings) THEN wanted
        ELSE coalesce((
            SELECT least(max(split_part(s, ':', 1)::numeric) + 1, repeat('9', 100)::numeric)::text
            FROM unnest(siblings) s WHERE s <> '' HAVING count(*) > 0), '0')
    END
$$;

-- Whoever gives a place among an owner's rows waits for others who do, by the lock that every write takes in the end.
CREATE OR REPLACE FUNCTION lock_places(the_owner uuid) RETURNS void LANGUAGE sql AS $$
    SELECT FROM sync_version WHERE owner_id = the_owner FOR NO KEY UPDATE
$$;

-- Refuse a parent that is the row itself or one of its descendants. Moves in one table wait for each other,
-- or two of them could each be fine and together close a circle.
CREATE OR REPLACE FUNCTION refuse_circle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ancestor uuid := NEW.parent_id;
BEGIN
    PERFORM pg_advisory_xact_lock(3, TG_RELID::integer);
    WHILE ancestor IS NOT NULL LOOP
        IF ancestor = NEW.id THEN
            RAISE EXCEPTION 'parentID: must not be the object itself or one below it'
                USING ERRCODE = 'check_violation', COLUMN = 'parent_id';
        END IF;
        EXECUTE format('SELECT parent_id FROM %I WHERE id = $1', TG_TABLE_NAME) INTO ancestor USING ancestor;
    END LOOP;
    RETURN NEW;
END $$;

-- Take ids of deleted rows out of the lists of what people have collapsed. Argument: the account's column.
CREATE OR REPLACE FUNCTION forget_collapsed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'UPDATE auth_account a SET %1$I = array(SELECT id FROM unnest(a.%1$I) WITH ORDINALITY AS kept(id, n)
            WHERE id NOT IN (SELECT o.id::text FROM old_rows o) ORDER BY n)
         WHERE a.%1$I && array(SELECT o.id::text FROM old_rows o)
         AND (a.id IN (SELECT owner_id FROM old_rows) OR a.id IN (
            SELECT m.auth_account_id FROM auth_account_auth_household m JOIN old_rows o ON o.owner_id = m.auth_household_id))',
        TG_ARGV[0]);
    RETURN NULL;
END $$;
