-- How a write becomes a version, a log entry and a notification. `CALL track('bookmark')` puts a table under it.

DO $$ BEGIN
    CREATE TYPE sync_entry AS (owner_id uuid, id uuid, operation smallint, updated timestamptz);
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

-- A timestamp as it goes over the wire, always with six fraction digits, so that texts compare like times.
CREATE OR REPLACE FUNCTION wire_timestamp(moment timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- The epoch of this database on this timeline: a promoted standby may have lost commits, so it counts as another.
CREATE OR REPLACE FUNCTION sync_epoch() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT left(md5(e.epoch::text || left(pg_walfile_name(pg_current_wal_lsn()), 8)), 8) FROM sync_epoch e
$$;

-- Draw a new epoch when this database is a copy: it was restored on another server or into another database.
CREATE OR REPLACE PROCEDURE sync_epoch_renew() LANGUAGE plpgsql AS $$
DECLARE
    here text := (SELECT system_identifier FROM pg_control_system())
        || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
        || '/' || 'sync_version'::regclass::oid;
BEGIN
    UPDATE sync_epoch SET epoch = gen_random_uuid(), server = here WHERE server <> here;
END $$;

-- Log what one statement changed in one table: one version per owner, owners in order so that writers cannot deadlock.
CREATE OR REPLACE FUNCTION sync_write(the_table text, entries sync_entry[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    the_owner uuid;
    the_version bigint;
    versions jsonb := '{}';
    -- The request that this belongs to, if it is traced (homechart_common/postgresql/connection.py).
    the_trace text := coalesce(', "trace": "' || nullif(current_setting('homechart.traceparent', true), '') || '"', '');
BEGIN
    FOR the_owner IN SELECT DISTINCT e.owner_id FROM unnest(entries) e ORDER BY e.owner_id LOOP
        UPDATE sync_version SET version = version + 1 WHERE owner_id = the_owner RETURNING version INTO the_version;
        IF NOT FOUND THEN
            INSERT INTO sync_version AS s (owner_id, version) VALUES (the_owner, 1)
            ON CONFLICT (owner_id) DO UPDATE SET version = s.version + 1
            RETURNING version INTO the_version;
        END IF;
        INSERT INTO sync_change (owner_id, table_name, id, version, operation)
        SELECT DISTINCT ON (e.id) the_owner, the_table, e.id, the_version, e.operation
        FROM unnest(entries) e WHERE e.owner_id = the_owner
        ON CONFLICT (owner_id, table_name, id)
        DO UPDATE SET version = excluded.version, operation = excluded.operation, changed = excluded.changed;
        DELETE FROM cache WHERE owner_id = the_owner AND table_name = the_table;
        versions := versions || jsonb_build_object(the_owner, the_version);
    END LOOP;
    -- What goes is announced before what comes, over all owners: who sees both sides of a move drops the row and then
    -- reads it, never the other way round. A payload holds at most 8000 bytes: some 80 bytes a row. `more` says that
    -- the version has further rows.
    PERFORM pg_notify('changes', left(json_build_object('owner', owner_id, 'table', the_table,
        'version', versions -> owner_id::text, 'more', NOT bool_or(n = rows), 'rows', json_agg(line))::text, -1)
        || the_trace || '}')
    FROM (
        SELECT e.owner_id, e.operation <> 1 AS comes,
            row_number() OVER (PARTITION BY e.owner_id ORDER BY e.operation <> 1) AS n,
            count(*) OVER (PARTITION BY e.owner_id) AS rows,
            json_build_array(e.id, e.operation, CASE WHEN e.operation <> 1 THEN wire_timestamp(e.updated) END) AS line
        FROM unnest(entries) e
    ) lines
    GROUP BY comes, owner_id, (n - 1) / 80
    ORDER BY comes, owner_id, (n - 1) / 80;
END $$;

CREATE OR REPLACE FUNCTION sync_after_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sync_write(TG_TABLE_NAME, array_agg(ROW(owner_id, id, 0, updated)::sync_entry))
    FROM new_rows HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION sync_after_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sync_write(TG_TABLE_NAME, array_agg(ROW(owner_id, id, 1, NULL)::sync_entry))
    FROM old_rows HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- A row that moves is a deletion for those it leaves. A row whose `updated` stands still changed nothing to see.
-- Every row is there before and after; a FULL JOIN is never done row by row, as others are that were planned for one row
-- and then meet thousands.
CREATE OR REPLACE FUNCTION sync_after_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sync_write(TG_TABLE_NAME, array_agg(entry)) FROM (
        SELECT ROW(n.owner_id, n.id, 2, n.updated)::sync_entry AS entry
        FROM new_rows n FULL JOIN old_rows o USING (id)
        WHERE (n.updated, n.owner_id) IS DISTINCT FROM (o.updated, o.owner_id)
        UNION ALL
        SELECT ROW(o.owner_id, o.id, 1, NULL)::sync_entry
        FROM new_rows n FULL JOIN old_rows o USING (id)
        WHERE n.owner_id IS DISTINCT FROM o.owner_id
    ) entries HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- Whether this transaction restores an archive. What it brings was settled where it comes from: times, places among
-- siblings and the like are taken as they are, while owners and totals follow as ever.
CREATE OR REPLACE FUNCTION is_restoring() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('homechart.restoring', true), '') = 'on'
$$;

-- Swallow an update that changes nothing, and stamp one that does. Arguments: columns that no client ever sees;
-- an update of only those is written without a new `updated`, hence without a log entry. A trigger that touches a
-- row, because something that is shown with it changed, sets `updated` a microsecond later: `now()` could be what it
-- is already, from a transaction that started in the same microsecond, and the touch be swallowed.
CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    proposed record := NEW;
BEGIN
    -- Generated columns are not worked out yet; this one follows from others, which are compared.
    proposed.owner_id := OLD.owner_id;
    IF proposed IS NOT DISTINCT FROM OLD THEN
        RETURN NULL;
    END IF;
    IF TG_NARGS > 0 AND to_jsonb(proposed) - TG_ARGV = to_jsonb(OLD) - TG_ARGV THEN
        RETURN NEW;
    END IF;
    -- Later than before in any case: transactions may commit in another order than they started.
    NEW.updated := CASE WHEN is_restoring() THEN OLD.updated
        ELSE greatest(now(), OLD.updated + interval '1 microsecond') END;
    RETURN NEW;
END $$;

-- Put a table with the columns id, owner_id and updated under sync. Its name `z_stamp` makes it the last row trigger.
CREATE OR REPLACE PROCEDURE track(the_table regclass, VARIADIC unseen text[] DEFAULT '{}') LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER z_stamp BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION stamp(%s)',
        the_table, (SELECT string_agg(quote_literal(name), ', ') FROM unnest(unseen) name));
    CALL track_rows(the_table);
END $$;

-- The same for a table whose rows never change in a way that clients see.
CREATE OR REPLACE PROCEDURE track_rows(the_table regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER sync_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
        'FOR EACH STATEMENT EXECUTE FUNCTION sync_after_insert()', the_table);
    EXECUTE format('CREATE OR REPLACE TRIGGER sync_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
        'FOR EACH STATEMENT EXECUTE FUNCTION sync_after_update()', the_table);
    EXECUTE format('CREATE OR REPLACE TRIGGER sync_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
        'FOR EACH STATEMENT EXECUTE FUNCTION sync_after_delete()', the_table);
END $$;
