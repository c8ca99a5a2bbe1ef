-- Statement triggers that see what was there and what is there now.

-- Watch a table's inserts, updates and deletes, a statement at a time, by a function that sees old_rows and new_rows.
-- `called` is what the triggers' names begin with.
CREATE OR REPLACE PROCEDURE watch(the_table regclass, called text, the_function regproc) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER %s_inserted AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
        'FOR EACH STATEMENT EXECUTE FUNCTION %s()', called, the_table, the_function);
    EXECUTE format('CREATE OR REPLACE TRIGGER %s_updated AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
        'FOR EACH STATEMENT EXECUTE FUNCTION %s()', called, the_table, the_function);
    EXECUTE format('CREATE OR REPLACE TRIGGER %s_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
        'FOR EACH STATEMENT EXECUTE FUNCTION %s()', called, the_table, the_function);
END $$;
