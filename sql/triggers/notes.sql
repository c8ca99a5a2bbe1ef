-- Notes: a page takes the owner of the page above it, and its versions go where it goes (contract B2 §5).

CREATE OR REPLACE FUNCTION notes_page_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.parent_id IS NOT NULL AND (NEW.auth_account_id, NEW.auth_household_id, NEW.parent_id)
        IS DISTINCT FROM (OLD.auth_account_id, OLD.auth_household_id, OLD.parent_id)
    THEN
        SELECT auth_account_id, auth_household_id INTO NEW.auth_account_id, NEW.auth_household_id
        FROM notes_page WHERE id = NEW.parent_id FOR NO KEY UPDATE;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_page BEFORE INSERT OR UPDATE ON notes_page
    FOR EACH ROW EXECUTE FUNCTION notes_page_before();
CREATE OR REPLACE TRIGGER a_circle BEFORE UPDATE OF parent_id ON notes_page
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL AND NEW.parent_id IS DISTINCT FROM OLD.parent_id)
    EXECUTE FUNCTION refuse_circle();

CREATE OR REPLACE FUNCTION notes_page_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE notes_page SET auth_account_id = NEW.auth_account_id, auth_household_id = NEW.auth_household_id
    WHERE parent_id = NEW.id;
    UPDATE notes_page_version SET auth_account_id = NEW.auth_account_id, auth_household_id = NEW.auth_household_id
    WHERE notes_page_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER page_moved AFTER UPDATE ON notes_page
    FOR EACH ROW WHEN ((NEW.auth_account_id, NEW.auth_household_id) IS DISTINCT FROM (OLD.auth_account_id, OLD.auth_household_id))
    EXECUTE FUNCTION notes_page_moved();

CREATE OR REPLACE FUNCTION notes_page_version_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT auth_account_id, auth_household_id INTO NEW.auth_account_id, NEW.auth_household_id
    FROM notes_page WHERE id = NEW.notes_page_id FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'notesPageID: names no page' USING ERRCODE = 'check_violation', COLUMN = 'notes_page_id';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_version BEFORE INSERT ON notes_page_version
    FOR EACH ROW EXECUTE FUNCTION notes_page_version_before();

CREATE OR REPLACE TRIGGER forget_collapsed AFTER DELETE ON notes_page REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_collapsed('collapsed_notes_pages');
