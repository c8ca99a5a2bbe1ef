-- References that stay behind when what they are in moves.

-- A household's row names only that household's objects of kinds that only households own; what is not, does not come
-- along. Arguments: pairs of a column and the table it names.
CREATE OR REPLACE FUNCTION leave_behind() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stored jsonb := to_jsonb(OLD);
    proposed jsonb := to_jsonb(NEW);
    known boolean;
BEGIN
    FOR i IN 0 .. TG_NARGS - 1 BY 2 LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1 AND auth_household_id = $2)', TG_ARGV[i + 1])
        INTO known USING (proposed ->> TG_ARGV[i])::uuid, NEW.auth_household_id;
        IF NOT known AND proposed -> TG_ARGV[i] = stored -> TG_ARGV[i] THEN
            NEW := jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[i], NULL));
        END IF;
    END LOOP;
    RETURN NEW;
END $$;

-- Put a table under that rule. The name `c_leave_behind` comes after the triggers that settle the owner.
CREATE OR REPLACE PROCEDURE leaves_behind(the_table regclass, VARIADIC columns_and_tables text[]) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER c_leave_behind BEFORE UPDATE ON %s FOR EACH ROW '
        'WHEN (NEW.auth_household_id IS DISTINCT FROM OLD.auth_household_id AND NEW.auth_household_id IS NOT NULL) '
        'EXECUTE FUNCTION leave_behind(%s)',
        the_table, (SELECT string_agg(quote_literal(name), ', ' ORDER BY n)
            FROM unnest(columns_and_tables) WITH ORDINALITY AS given (name, n)));
END $$;
