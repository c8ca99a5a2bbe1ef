-- Projects and tasks: trees that share their owner, positions among siblings, and the count of open tasks (contract B2 §7).

CREATE OR REPLACE FUNCTION plan_project_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_owner uuid;
    above uuid;
BEGIN
    IF NEW.parent_id IS NOT NULL AND (NEW.auth_account_id, NEW.auth_household_id, NEW.parent_id)
        IS DISTINCT FROM (OLD.auth_account_id, OLD.auth_household_id, OLD.parent_id)
    THEN
        SELECT auth_account_id, auth_household_id INTO NEW.auth_account_id, NEW.auth_household_id
        FROM plan_project WHERE id = NEW.parent_id FOR NO KEY UPDATE;
    END IF;
    the_owner := coalesce(NEW.auth_household_id, NEW.auth_account_id);
    -- Of the shopping only what the owner has is counted; what moves along is added when it comes.
    IF TG_OP = 'UPDATE' AND the_owner <> OLD.owner_id THEN
        NEW.shop_item_count := (
            SELECT count(*) FROM shop_item i WHERE i.plan_project_id = NEW.id AND i.owner_id = the_owner);
    END IF;
    above := coalesce(NEW.parent_id, the_owner);
    IF above IS DISTINCT FROM coalesce(OLD.parent_id, OLD.owner_id) AND NOT is_restoring() THEN
        PERFORM lock_places(the_owner);
        NEW.position := placed(NEW.position, array(
            SELECT position FROM plan_project s WHERE coalesce(s.parent_id, s.owner_id) = above AND s.id <> NEW.id));
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_project BEFORE INSERT OR UPDATE ON plan_project
    FOR EACH ROW EXECUTE FUNCTION plan_project_before();
CALL leaves_behind('plan_project', 'budget_category_id', 'budget_category');
CREATE OR REPLACE TRIGGER a_circle BEFORE UPDATE OF parent_id ON plan_project
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL AND NEW.parent_id IS DISTINCT FROM OLD.parent_id)
    EXECUTE FUNCTION refuse_circle();

-- What is in a project moves with it.
CREATE OR REPLACE FUNCTION plan_project_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE plan_project SET auth_account_id = NEW.auth_account_id, auth_household_id = NEW.auth_household_id
    WHERE parent_id = NEW.id;
    UPDATE plan_task SET auth_account_id = NEW.auth_account_id, auth_household_id = NEW.auth_household_id
    WHERE plan_project_id = NEW.id AND parent_id IS NULL;
    -- Its shopping moves too, except what is on a list and so belongs to whom the list belongs to.
    UPDATE shop_item SET auth_account_id = NEW.auth_account_id, auth_household_id = NEW.auth_household_id
    WHERE plan_project_id = NEW.id AND owner_id = OLD.owner_id AND shop_list_id IS NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER project_moved AFTER UPDATE ON plan_project
    FOR EACH ROW WHEN (NEW.owner_id <> OLD.owner_id) EXECUTE FUNCTION plan_project_moved();

CREATE OR REPLACE TRIGGER forget_collapsed AFTER DELETE ON plan_project REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_collapsed('collapsed_plan_projects');

CREATE OR REPLACE FUNCTION plan_task_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    above_account uuid;
    above_household uuid;
    the_owner uuid;
    above uuid;
BEGIN
    IF coalesce(NEW.parent_id, NEW.plan_project_id) IS NOT NULL
        AND (NEW.auth_account_id, NEW.auth_household_id, NEW.parent_id, NEW.plan_project_id, NEW.template)
        IS DISTINCT FROM (OLD.auth_account_id, OLD.auth_household_id, OLD.parent_id, OLD.plan_project_id, OLD.template)
    THEN
        IF NEW.parent_id IS NOT NULL THEN
            SELECT auth_account_id, auth_household_id, plan_project_id, template
            INTO above_account, above_household, NEW.plan_project_id, NEW.template
            FROM plan_task WHERE id = NEW.parent_id FOR NO KEY UPDATE;
        ELSE
            SELECT auth_account_id, auth_household_id INTO above_account, above_household
            FROM plan_project WHERE id = NEW.plan_project_id FOR NO KEY UPDATE;
        END IF;
        -- What is above decides the owner; within a household the task keeps whom it is assigned to.
        IF above_household IS NULL OR TG_OP = 'UPDATE' AND OLD.auth_household_id IS DISTINCT FROM above_household
            AND NOT EXISTS (SELECT FROM auth_account_auth_household m
                WHERE (m.auth_account_id, m.auth_household_id) = (NEW.auth_account_id, above_household))
        THEN
            NEW.auth_account_id := CASE WHEN above_household IS NULL THEN above_account END;
        END IF;
        NEW.auth_household_id := above_household;
    END IF;
    IF NEW.auth_household_id IS NULL THEN
        NEW.assignees := '{}';
    END IF;
    the_owner := coalesce(NEW.auth_household_id, NEW.auth_account_id, '00000000-0000-0000-0000-000000000000');
    above := coalesce(NEW.parent_id, NEW.plan_project_id, the_owner);
    IF above IS DISTINCT FROM coalesce(OLD.parent_id, OLD.plan_project_id, OLD.owner_id) AND NOT is_restoring() THEN
        PERFORM lock_places(the_owner);
        NEW.position := placed(NEW.position, array(
            SELECT position FROM plan_task s
            WHERE coalesce(s.parent_id, s.plan_project_id, s.owner_id) = above AND s.id <> NEW.id));
    END IF;
    -- A new date, or asking for it anew, arms the reminder again.
    IF TG_OP = 'UPDATE' AND NOT NEW.done
        AND (NEW.due_date IS DISTINCT FROM OLD.due_date OR (NEW.notify AND NOT OLD.notify))
    THEN
        NEW.notified := false;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_task BEFORE INSERT OR UPDATE ON plan_task
    FOR EACH ROW EXECUTE FUNCTION plan_task_before();
CALL leaves_behind('plan_task', 'inventory_item_id', 'inventory_item');
CREATE OR REPLACE TRIGGER a_circle BEFORE UPDATE OF parent_id ON plan_task
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL AND NEW.parent_id IS DISTINCT FROM OLD.parent_id)
    EXECUTE FUNCTION refuse_circle();

CREATE OR REPLACE FUNCTION plan_task_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE plan_task SET auth_account_id = NEW.auth_account_id, auth_household_id = NEW.auth_household_id,
        plan_project_id = NEW.plan_project_id, template = NEW.template
    WHERE parent_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER task_moved AFTER UPDATE ON plan_task
    FOR EACH ROW WHEN ((NEW.auth_account_id, NEW.auth_household_id, NEW.plan_project_id, NEW.template)
        IS DISTINCT FROM (OLD.auth_account_id, OLD.auth_household_id, OLD.plan_project_id, OLD.template))
    EXECUTE FUNCTION plan_task_moved();

-- Projects know how many of their tasks are open.
CREATE OR REPLACE FUNCTION plan_task_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone uuid[] := '{}';
    come uuid[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        gone := array(SELECT plan_project_id FROM old_rows WHERE NOT done AND plan_project_id IS NOT NULL);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        come := array(SELECT plan_project_id FROM new_rows WHERE NOT done AND plan_project_id IS NOT NULL);
    END IF;
    UPDATE plan_project p SET plan_task_count = p.plan_task_count + d.difference
    FROM (
        SELECT project, sum(n) AS difference FROM (
            SELECT project, -1 AS n FROM unnest(gone) project UNION ALL SELECT project, 1 FROM unnest(come) project
        ) moves GROUP BY project HAVING sum(n) <> 0 ORDER BY project
    ) d WHERE p.id = d.project;
    RETURN NULL;
END $$;
CALL watch('plan_task', 'count', 'plan_task_counted');

CREATE OR REPLACE TRIGGER forget_collapsed AFTER DELETE ON plan_task REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_collapsed('collapsed_plan_tasks');
