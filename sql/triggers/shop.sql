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
    IF above IS DISTINCT FROM coalesce(OLD.shop_list_id, OLD.owner_id) AND NOT is_restoring() THEN
        PERFORM lock_places(coalesce(NEW.auth_household_id, NEW.auth_account_id));
        NEW.position := placed(NEW.position, array(
            SELECT position FROM shop_item s WHERE coalesce(s.shop_list_id, s.owner_id) = above AND s.id <> NEW.id));
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_item BEFORE INSERT OR UPDATE ON shop_item
    FOR EACH ROW EXECUTE FUNCTION shop_item_before();
CALL leaves_behind('shop_item', 'shop_category_id', 'shop_category', 'budget_category_id', 'budget_category',
    'budget_payee_id', 'budget_payee', 'cook_meal_plan_id', 'cook_meal_plan', 'cook_recipe_id', 'cook_recipe');
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

-- Lists and projects know how many items they have. What others own and put into a project does not count: its number
-- would tell of that to everybody who sees the project.
CREATE OR REPLACE FUNCTION shop_item_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone shop_item[] := '{}';
    come shop_item[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        gone := array(SELECT o::shop_item FROM old_rows o);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        come := array(SELECT n::shop_item FROM new_rows n);
    END IF;
    UPDATE shop_list l SET shop_item_count = l.shop_item_count + d.difference
    FROM (
        SELECT list, sum(n) AS difference FROM (
            SELECT shop_list_id AS list, -1 AS n FROM unnest(gone) UNION ALL SELECT shop_list_id, 1 FROM unnest(come)
        ) moves WHERE list IS NOT NULL GROUP BY list HAVING sum(n) <> 0 ORDER BY list
    ) d WHERE l.id = d.list;
    UPDATE plan_project p SET shop_item_count = p.shop_item_count + d.difference
    FROM (
        SELECT project, owner_id, sum(n) AS difference FROM (
            SELECT plan_project_id AS project, owner_id, -1 AS n FROM unnest(gone)
            UNION ALL SELECT plan_project_id, owner_id, 1 FROM unnest(come)
        ) moves WHERE project IS NOT NULL GROUP BY project, owner_id HAVING sum(n) <> 0 ORDER BY project
    ) d WHERE p.id = d.project AND p.owner_id = d.owner_id;
    RETURN NULL;
END $$;
CALL watch('shop_item', 'count', 'shop_item_counted');
