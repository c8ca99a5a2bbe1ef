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

-- Recipes know how many meal plans they are in and the last day they were planned for. A day that was planned once stays
-- the last one, whatever becomes of its plan; a plan that only moves to another day is not planned anew.
CREATE OR REPLACE FUNCTION cook_meal_plan_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone cook_meal_plan[] := '{}';
    come cook_meal_plan[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        gone := array(SELECT o::cook_meal_plan FROM old_rows o);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        come := array(SELECT n::cook_meal_plan FROM new_rows n);
    END IF;
    UPDATE cook_recipe r SET cook_meal_plan_count = r.cook_meal_plan_count + d.difference,
        cook_meal_plan_last = greatest(r.cook_meal_plan_last, d.last)
    FROM (
        SELECT recipe, sum(n) AS difference, max(day) FILTER (WHERE n > 0) AS last FROM (
            SELECT plan, recipe, sum(n) AS n, max(day) AS day FROM (
                SELECT id AS plan, cook_recipe_id AS recipe, -1 AS n, NULL::date AS day FROM unnest(gone)
                UNION ALL SELECT id, cook_recipe_id, 1, date FROM unnest(come)
            ) plans GROUP BY plan, recipe HAVING sum(n) <> 0
        ) moves WHERE recipe IS NOT NULL GROUP BY recipe ORDER BY recipe
    ) d WHERE r.id = d.recipe;
    RETURN NULL;
END $$;
CALL watch('cook_meal_plan', 'count', 'cook_meal_plan_counted');
