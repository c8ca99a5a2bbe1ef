-- Totals follow entries, in the statement that writes them: entries → months → categories; entries → accounts;
-- transactions → payees. Each is a difference that is added, so that concurrent writers need no recount.

-- Accounts know the sum of their entries, of those that are cleared at least, and of those that are reconciled.
CREATE OR REPLACE FUNCTION budget_account_totals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone budget_transaction_account[] := '{}';
    come budget_transaction_account[] := '{}';
    left_over uuid[];
BEGIN
    IF TG_OP <> 'INSERT' THEN
        gone := array(SELECT ROW(o.*)::budget_transaction_account FROM old_rows o);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        come := array(SELECT ROW(n.*)::budget_transaction_account FROM new_rows n);
    END IF;
    UPDATE budget_account a SET
        budget_transaction_amount = a.budget_transaction_amount + d.amount,
        budget_transaction_amount_cleared = a.budget_transaction_amount_cleared + d.cleared,
        budget_transaction_amount_reconciled = a.budget_transaction_amount_reconciled + d.reconciled
    FROM (
        SELECT budget_account_id, sum(sign * amount) AS amount,
            coalesce(sum(sign * amount) FILTER (WHERE status >= 1), 0) AS cleared,
            coalesce(sum(sign * amount) FILTER (WHERE status = 2), 0) AS reconciled
        FROM (SELECT -1 AS sign, o.* FROM unnest(gone) o UNION ALL SELECT 1, n.* FROM unnest(come) n) e
        GROUP BY budget_account_id ORDER BY budget_account_id
    ) d
    WHERE a.id = d.budget_account_id AND (d.amount, d.cleared, d.reconciled) <> (0, 0, 0);
    -- A transaction that loses its last account entry goes, and with it what it did to categories.
    IF TG_OP = 'DELETE' THEN
        left_over := array(
            SELECT DISTINCT o.budget_transaction_id FROM unnest(gone) o WHERE NOT EXISTS (
                SELECT FROM budget_transaction_account e WHERE e.budget_transaction_id = o.budget_transaction_id));
        DELETE FROM budget_transaction_category WHERE budget_transaction_id = ANY (left_over);
        DELETE FROM budget_transaction WHERE id = ANY (left_over);
    END IF;
    RETURN NULL;
END $$;
CALL watch('budget_transaction_account', 'totals', 'budget_account_totals');

-- A category's month knows the sum of its entries. It is there from the first entry on, whatever the sum.
CREATE OR REPLACE FUNCTION budget_month_category_totals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone budget_transaction_category[] := '{}';
    come budget_transaction_category[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        gone := array(SELECT ROW(o.*)::budget_transaction_category FROM old_rows o);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        come := array(SELECT ROW(n.*)::budget_transaction_category FROM new_rows n);
    END IF;
    INSERT INTO budget_month_category AS m (auth_household_id, budget_category_id, year_month, budget_transaction_amount)
    SELECT auth_household_id, budget_category_id, year_month, sum(amount) FROM unnest(come)
    WHERE budget_category_id IS NOT NULL
    GROUP BY auth_household_id, budget_category_id, year_month ORDER BY auth_household_id, budget_category_id, year_month
    ON CONFLICT (auth_household_id, budget_category_id, year_month)
    DO UPDATE SET budget_transaction_amount = m.budget_transaction_amount + excluded.budget_transaction_amount
    WHERE excluded.budget_transaction_amount <> 0;
    UPDATE budget_month_category m SET budget_transaction_amount = m.budget_transaction_amount - d.amount
    FROM (
        SELECT auth_household_id, budget_category_id, year_month, sum(amount) AS amount FROM unnest(gone)
        GROUP BY auth_household_id, budget_category_id, year_month ORDER BY auth_household_id, budget_category_id, year_month
    ) d
    WHERE (m.auth_household_id, m.budget_category_id, m.year_month) = (d.auth_household_id, d.budget_category_id, d.year_month)
        AND d.amount <> 0;
    RETURN NULL;
END $$;
CALL watch('budget_transaction_category', 'totals', 'budget_month_category_totals');

-- A category knows the sums of its months.
CREATE OR REPLACE FUNCTION budget_category_totals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone budget_month_category[] := '{}';
    come budget_month_category[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        gone := array(SELECT ROW(o.*)::budget_month_category FROM old_rows o);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        come := array(SELECT ROW(n.*)::budget_month_category FROM new_rows n);
    END IF;
    UPDATE budget_category c SET
        budget_month_category_amount = c.budget_month_category_amount + d.allocated,
        budget_transaction_amount = c.budget_transaction_amount + d.moved
    FROM (
        SELECT budget_category_id, sum(sign * amount) AS allocated, sum(sign * budget_transaction_amount) AS moved
        FROM (SELECT -1 AS sign, o.* FROM unnest(gone) o UNION ALL SELECT 1, n.* FROM unnest(come) n) m
        GROUP BY budget_category_id ORDER BY budget_category_id
    ) d
    WHERE c.id = d.budget_category_id AND (d.allocated, d.moved) <> (0, 0);
    RETURN NULL;
END $$;
CALL watch('budget_month_category', 'totals', 'budget_category_totals');

-- A payee knows the sum of its transactions. One without a category is given that of its next transaction, if it has only one.
CREATE OR REPLACE FUNCTION budget_payee_totals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone budget_transaction[] := '{}';
    come budget_transaction[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        gone := array(SELECT ROW(o.*)::budget_transaction FROM old_rows o);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        come := array(SELECT ROW(n.*)::budget_transaction FROM new_rows n);
    END IF;
    UPDATE budget_payee p SET
        budget_transaction_amount = p.budget_transaction_amount + d.amount,
        budget_category_id = coalesce(p.budget_category_id, CASE WHEN TG_OP = 'INSERT' AND NOT is_restoring() THEN (
            SELECT (array_agg(e.budget_category_id))[1] FROM budget_transaction_category e
            WHERE e.budget_transaction_id = d.first HAVING count(*) = 1
        ) END)
    FROM (
        SELECT budget_payee_id, sum(sign * amount) AS amount, min(id::text)::uuid AS first
        FROM (SELECT -1 AS sign, o.* FROM unnest(gone) o UNION ALL SELECT 1, n.* FROM unnest(come) n) t
        GROUP BY budget_payee_id ORDER BY budget_payee_id
    ) d
    WHERE p.id = d.budget_payee_id;
    RETURN NULL;
END $$;
CALL watch('budget_transaction', 'totals', 'budget_payee_totals');

-- A new account gets a transaction to say in what it started with: nothing, until somebody changes it (contract B1 §6.1).
CREATE OR REPLACE FUNCTION budget_account_opened() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    payee uuid := budget_payee_named(NEW.auth_household_id, NEW.opening_name);
    category uuid := budget_income_named(NEW.auth_household_id, NEW.opening_name);
    opening uuid := gen_random_uuid();
BEGIN
    WITH opened AS (
        INSERT INTO budget_transaction (id, auth_household_id, date, budget_payee_id)
        VALUES (opening, NEW.auth_household_id, NEW.opening_date, payee)
    ), entered AS (
        INSERT INTO budget_transaction_account (auth_household_id, budget_transaction_id, budget_account_id, amount)
        VALUES (NEW.auth_household_id, opening, NEW.id, 0)
    )
    INSERT INTO budget_transaction_category (auth_household_id, budget_transaction_id, budget_category_id, amount, year_month)
    VALUES (NEW.auth_household_id, opening, category, 0, to_char(NEW.opening_date, 'YYYYMM')::integer);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER account_opened AFTER INSERT ON budget_account
    FOR EACH ROW WHEN (NEW.opening_name <> '') EXECUTE FUNCTION budget_account_opened();

-- A template names a payee by its id, and the household whose it is (contract B1 §6.9).
CREATE OR REPLACE FUNCTION budget_recurrence_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.template ->> 'budgetPayeeName' <> '' THEN
        NEW.template := NEW.template || jsonb_build_object('budgetPayeeName', '',
            'budgetPayeeID', budget_payee_named(NEW.auth_household_id, NEW.template ->> 'budgetPayeeName'));
    END IF;
    NEW.template := NEW.template || jsonb_build_object('authHouseholdID', NEW.auth_household_id);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_recurrence BEFORE INSERT OR UPDATE ON budget_recurrence
    FOR EACH ROW EXECUTE FUNCTION budget_recurrence_before();

-- The entries of a household that is deleted go all at once, not transaction by transaction.
CREATE OR REPLACE FUNCTION budget_household_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM budget_transaction_category WHERE auth_household_id = OLD.id;
    DELETE FROM budget_transaction_account WHERE auth_household_id = OLD.id;
    RETURN OLD;
END $$;
CREATE OR REPLACE TRIGGER budget_deleted BEFORE DELETE ON auth_household
    FOR EACH ROW EXECUTE FUNCTION budget_household_deleted();
