-- Rules of money, each said once (contract B1 §6): what there is by name, what a month shows, and what moves where.

-- A random short id, as `ids.py` makes them: no letters that are easily mistaken for one another.
CREATE OR REPLACE FUNCTION new_short_id() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT string_agg(substr('0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz', ceil(random() * 59)::integer, 1), '')
    FROM generate_series(1, 14)
$$;

-- The household's payee of that name, made if there is none; nobody for an empty name.
CREATE OR REPLACE FUNCTION budget_payee_named(household uuid, the_name text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    found_id uuid;
BEGIN
    IF the_name <> '' THEN
        INSERT INTO budget_payee (auth_household_id, short_id, name) VALUES (household, new_short_id(), the_name)
        ON CONFLICT (owner_id, name) DO NOTHING;
        SELECT id INTO found_id FROM budget_payee WHERE (auth_household_id, name) = (household, the_name);
    END IF;
    RETURN found_id;
END $$;

-- The same for a category of income, without a grouping.
CREATE OR REPLACE FUNCTION budget_income_named(household uuid, the_name text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    found_id uuid;
BEGIN
    INSERT INTO budget_category (auth_household_id, short_id, name, income) VALUES (household, new_short_id(), the_name, true)
    ON CONFLICT (owner_id, name) DO NOTHING;
    SELECT id INTO found_id FROM budget_category WHERE (auth_household_id, name) = (household, the_name);
    RETURN found_id;
END $$;

-- What is left of a category at the end of a month: all it got until then, and all that came in or went out.
CREATE OR REPLACE FUNCTION budget_balance(household uuid, category uuid, month integer) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(amount + budget_transaction_amount), 0)::bigint FROM budget_month_category
    WHERE auth_household_id = household AND budget_category_id = category AND year_month <= month
$$;

-- What is left to give to categories at the end of a month: all income until then without what they got.
CREATE OR REPLACE FUNCTION budget_income_remaining(household uuid, month integer) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(budget_transaction_amount_income - budget_month_category_amount), 0)::bigint
    FROM budget_month WHERE auth_household_id = household AND year_month <= month
$$;

-- The figures of a month, or of the last one before it that has any; zeros without one. No row without categories.
CREATE OR REPLACE FUNCTION budget_month_at(household uuid, month integer) RETURNS TABLE (
    auth_household_id uuid, year_month integer, budget_month_category_amount bigint, budget_transaction_amount_income bigint
) LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT h.id, coalesce(m.year_month, 0), coalesce(m.budget_month_category_amount, 0),
        coalesce(m.budget_transaction_amount_income, 0)
    FROM (SELECT c.auth_household_id AS id FROM budget_category c WHERE c.auth_household_id = household LIMIT 1) h
    LEFT JOIN LATERAL (
        SELECT * FROM budget_month b WHERE b.auth_household_id = household AND b.year_month <= month
        ORDER BY b.year_month DESC LIMIT 1
    ) m ON true
$$;

-- The same for every category of the household.
CREATE OR REPLACE FUNCTION budget_month_categories_at(household uuid, month integer) RETURNS TABLE (
    auth_household_id uuid, budget_category_id uuid, year_month integer, amount bigint, budget_transaction_amount bigint,
    created timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT household, c.id, coalesce(m.year_month, 0), coalesce(m.amount, 0), coalesce(m.budget_transaction_amount, 0),
        c.created
    FROM budget_category c
    LEFT JOIN LATERAL (
        SELECT * FROM budget_month_category b
        WHERE b.auth_household_id = household AND b.budget_category_id = c.id AND b.year_month <= month
        ORDER BY b.year_month DESC LIMIT 1
    ) m ON true
    WHERE c.auth_household_id = household
$$;

DO $$ BEGIN
    -- One line of an account's, a category's or a payee's list of transactions.
    CREATE TYPE budget_move AS (
        auth_household_id uuid, budget_transaction_id uuid, date date, created timestamptz, place smallint, amount bigint
    );
EXCEPTION WHEN duplicate_object THEN NULL; END $$;

-- What moved on an account: its entries.
CREATE OR REPLACE FUNCTION budget_account_moves(account uuid) RETURNS SETOF budget_move LANGUAGE sql STABLE AS $$
    SELECT t.auth_household_id, t.id, t.date, t.created, e.place, e.amount
    FROM budget_account a
    JOIN budget_transaction_account e ON (e.auth_household_id, e.budget_account_id) = (a.auth_household_id, a.id)
    JOIN budget_transaction t ON t.id = e.budget_transaction_id
    WHERE a.id = account
$$;

-- What moved in a category: its entries, all or those of one month.
CREATE OR REPLACE FUNCTION budget_category_moves(category uuid, month integer) RETURNS SETOF budget_move
LANGUAGE sql STABLE AS $$
    SELECT t.auth_household_id, t.id, t.date, t.created, e.place, e.amount
    FROM budget_category c
    JOIN budget_transaction_category e ON (e.auth_household_id, e.budget_category_id) = (c.auth_household_id, c.id)
    JOIN budget_transaction t ON t.id = e.budget_transaction_id
    WHERE c.id = category AND (month IS NULL OR e.year_month = month)
$$;

-- What went to a payee or came from it: the amounts of its transactions.
CREATE OR REPLACE FUNCTION budget_payee_moves(payee uuid) RETURNS SETOF budget_move LANGUAGE sql STABLE AS $$
    SELECT t.auth_household_id, t.id, t.date, t.created, 0::smallint, t.amount
    FROM budget_transaction t WHERE t.budget_payee_id = payee
$$;
