-- The change log keeps the newest 50 entries of a household (contract §5.6).

CREATE OR REPLACE FUNCTION keep_newest_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM change c USING (
        SELECT id FROM (SELECT DISTINCT owner_id FROM new_rows) o
        CROSS JOIN LATERAL (
            SELECT id FROM change WHERE owner_id = o.owner_id ORDER BY created DESC, id DESC OFFSET 50
        ) older
    ) surplus WHERE c.id = surplus.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER keep_newest AFTER INSERT ON change REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_newest_changes();
