-- Shopping: items take the owner of their list, have a place among its items, and are counted (contract B2 §10).

CREATE OR REPLACE FUNCTION shop_item_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    above uuid;
BEGIN
    IF NEW.shop_list_id IS NOT NULL AND (NEW.auth_account_id, NEW.auth_household_id, NEW.shop_list_id)
        IS DISTINCT FROM (OLD.auth_account_id, OLD.auth_household_id, OLD.shop_list_id)
    THEN
        SELECT auth_account_id, auth_household_id INTO NEW.auth_account_id, NEW.auth_household_id
        FROM shop_list WHERE id = NEW.shop_list_id FOR NO KEY UPDATE;
    END IF;
    above := coalesce(NEW.shop_list_id, NEW.auth_household_id, NEW.auth_account_id);
    IF above IS DISTINCT FROM coalesce(OLD.shop_list_id, OLD.owner_id) THEN
        PERFORM lock_places(coalesce(NEW.auth_household_id, NEW.auth_account_id));
        NEW.position := placed(NEW.position, array(
            SELECT position FROM shop_item s WHERE coalesce(s.shop_list_id, s.owner_id) = above AND s.id <> NEW.id));
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_item BEFORE INSERT OR UPDATE ON shop_item
    FOR EACH ROW EXECUTE FUNCTION shop_item_before();
CALL leaves_behind('shop_item', 'shop_category_id', 'shop_category', 'budget_category_id', 'budget_category',
    'budget_payee_id', 'budget_payee');
CALL leaves_behind('shop_list', 'budget_category_id', 'budget_category');

-- Items move with their list.
CREATE OR REPLACE FUNCTION shop_list_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE shop_item SET auth_account_id = NEW.auth_account_id, auth_household_id = NEW.auth_household_id
    WHERE shop_list_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER list_moved AFTER UPDATE ON shop_list
    FOR EACH ROW WHEN (NEW.owner_id <> OLD.owner_id) EXECUTE FUNCTION shop_list_moved();

CREATE OR REPLACE FUNCTION count_shop_items(gone_lists uuid[], come_lists uuid[], gone_projects uuid[], come_projects uuid[])
RETURNS void LANGUAGE sql AS $$
    UPDATE shop_list l SET shop_item_count = l.shop_item_count + d.difference
    FROM (
        SELECT list, sum(n) AS difference FROM (
            SELECT list, -1 AS n FROM unnest(gone_lists) list UNION ALL SELECT list, 1 FROM unnest(come_lists) list
        ) moves GROUP BY list HAVING sum(n) <> 0 ORDER BY list
    ) d WHERE l.id = d.list;
    UPDATE plan_project p SET shop_item_count = p.shop_item_count + d.difference
    FROM (
        SELECT project, sum(n) AS difference FROM (
            SELECT project, -1 AS n FROM unnest(gone_projects) project UNION ALL SELECT project, 1 FROM unnest(come_projects) project
        ) moves GROUP BY project HAVING sum(n) <> 0 ORDER BY project
    ) d WHERE p.id = d.project
$$;
CREATE OR REPLACE FUNCTION shop_item_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_shop_items(
        '{}', array(SELECT shop_list_id FROM new_rows WHERE shop_list_id IS NOT NULL),
        '{}', array(SELECT plan_project_id FROM new_rows WHERE plan_project_id IS NOT NULL));
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION shop_item_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_shop_items(
        array(SELECT shop_list_id FROM old_rows WHERE shop_list_id IS NOT NULL),
        array(SELECT shop_list_id FROM new_rows WHERE shop_list_id IS NOT NULL),
        array(SELECT plan_project_id FROM old_rows WHERE plan_project_id IS NOT NULL),
        array(SELECT plan_project_id FROM new_rows WHERE plan_project_id IS NOT NULL));
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION shop_item_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_shop_items(
        array(SELECT shop_list_id FROM old_rows WHERE shop_list_id IS NOT NULL), '{}',
        array(SELECT plan_project_id FROM old_rows WHERE plan_project_id IS NOT NULL), '{}');
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER count_inserted AFTER INSERT ON shop_item REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop_item_inserted();
CREATE OR REPLACE TRIGGER count_updated AFTER UPDATE ON shop_item REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop_item_updated();
CREATE OR REPLACE TRIGGER count_deleted AFTER DELETE ON shop_item REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop_item_deleted();
