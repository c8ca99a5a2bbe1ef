-- Cooking: recipes know what their notes come to and how often they were planned (contract B2 §2).

-- Complexity and rating are the means of the notes, and nothing else. A note that says no date at all is the first
-- one, which is as old as the recipe.
CREATE OR REPLACE FUNCTION cook_recipe_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT coalesce(jsonb_agg(jsonb_build_object('date', NEW.created::date) || note ORDER BY n), '[]'),
        coalesce(round(avg((note ->> 'complexity')::integer)), 0), coalesce(round(avg((note ->> 'rating')::integer)), 0)
    INTO NEW.notes, NEW.complexity, NEW.rating
    FROM jsonb_array_elements(NEW.notes) WITH ORDINALITY AS notes (note, n);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_recipe BEFORE INSERT OR UPDATE ON cook_recipe
    FOR EACH ROW EXECUTE FUNCTION cook_recipe_before();

-- Recipes know how many meal plans they are in and the last day they were planned for. `come` and `days` go together;
-- a day that was planned once stays the last one, whatever becomes of its plan.
CREATE OR REPLACE FUNCTION count_cook_meal_plans(gone uuid[], come uuid[], days date[]) RETURNS void LANGUAGE sql AS $$
    UPDATE cook_recipe r SET cook_meal_plan_count = r.cook_meal_plan_count + d.difference,
        cook_meal_plan_last = greatest(r.cook_meal_plan_last, d.last)
    FROM (
        SELECT recipe, sum(n) AS difference, max(day) AS last FROM (
            SELECT recipe, -1 AS n, NULL::date AS day FROM unnest(gone) recipe
            UNION ALL SELECT recipe, 1, day FROM unnest(come, days) AS planned (recipe, day)
        ) moves GROUP BY recipe ORDER BY recipe
    ) d WHERE r.id = d.recipe
$$;
CREATE OR REPLACE FUNCTION cook_meal_plan_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_cook_meal_plans('{}', array_agg(cook_recipe_id), array_agg(date))
    FROM new_rows WHERE cook_recipe_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION cook_meal_plan_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_cook_meal_plans(array_agg(o.cook_recipe_id), array_agg(n.cook_recipe_id), array_agg(n.date))
    FROM new_rows n FULL JOIN old_rows o USING (id) WHERE n.cook_recipe_id IS DISTINCT FROM o.cook_recipe_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION cook_meal_plan_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_cook_meal_plans(array_agg(cook_recipe_id), '{}', '{}') FROM old_rows WHERE cook_recipe_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER count_inserted AFTER INSERT ON cook_meal_plan REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION cook_meal_plan_inserted();
CREATE OR REPLACE TRIGGER count_updated AFTER UPDATE ON cook_meal_plan
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION cook_meal_plan_updated();
CREATE OR REPLACE TRIGGER count_deleted AFTER DELETE ON cook_meal_plan REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION cook_meal_plan_deleted();
