-- Transactions, months, and what reconciles an account. Each answers first whether the session still may what it could.

-- name: transaction_to_change
-- A transaction, kept as it is until this one ends: whether there is one to change, or only to see.
WITH held AS (
    SELECT t.auth_household_id AS household FROM budget_transaction t WHERE t.id = %(id)s::uuid
        AND t.auth_household_id = ANY (%(viewed)s::uuid[]) FOR NO KEY UPDATE
)
SELECT is_current(%(session)s::uuid, %(access)s::bigint),
    EXISTS (SELECT FROM held WHERE household = ANY (%(owners)s::uuid[])), EXISTS (SELECT FROM held);

-- name: transaction_taken
-- Whether there is a transaction with an id, and whether the caller may change it.
SELECT is_current(%(session)s::uuid, %(access)s::bigint), EXISTS (SELECT FROM budget_transaction WHERE id = %(id)s::uuid),
    EXISTS (SELECT FROM budget_transaction t
        WHERE t.id = %(id)s::uuid AND t.auth_household_id = ANY (%(owners)s::uuid[]));

-- name: write_transaction
-- A transaction as it shall be, with exactly these entries; whether it is new, or its own members changed. With `fresh`
-- nothing is written if the id has been taken meanwhile.
WITH proposed AS MATERIALIZED (
    SELECT r.* FROM jsonb_populate_record(NULL::budget_transaction, %(row)s::jsonb) r
    WHERE is_current(%(session)s::uuid, %(access)s::bigint) AND r.auth_household_id = ANY (%(owners)s::uuid[])
), written AS (
    INSERT INTO budget_transaction AS t (id, auth_household_id, date, amount, budget_payee_id, note, keep)
    SELECT id, auth_household_id, date, amount,
        coalesce(budget_payee_named(auth_household_id, %(payee_name)s::text), budget_payee_id), note, keep
    FROM proposed
    ON CONFLICT (id) DO UPDATE SET date = excluded.date, amount = excluded.amount,
        budget_payee_id = excluded.budget_payee_id, note = excluded.note, keep = excluded.keep
    WHERE NOT %(fresh)s::boolean AND t.auth_household_id = excluded.auth_household_id
        AND (t.date, t.amount, t.budget_payee_id, t.note, t.keep)
            IS DISTINCT FROM (excluded.date, excluded.amount, excluded.budget_payee_id, excluded.note, excluded.keep)
    RETURNING t.id
), accepted AS MATERIALIZED (
    SELECT id FROM proposed WHERE NOT %(fresh)s::boolean OR EXISTS (SELECT FROM written)
), account_entries AS MATERIALIZED (
    SELECT e.* FROM accepted, jsonb_populate_recordset(NULL::budget_transaction_account, %(accounts)s::jsonb) e
), category_entries AS MATERIALIZED (
    SELECT e.* FROM accepted, jsonb_populate_recordset(NULL::budget_transaction_category, %(categories)s::jsonb) e
), accounts_gone AS (
    DELETE FROM budget_transaction_account e USING accepted r
    WHERE e.budget_transaction_id = r.id AND e.id NOT IN (SELECT id FROM account_entries)
), accounts_written AS (
    INSERT INTO budget_transaction_account AS e
        (id, auth_household_id, budget_transaction_id, budget_account_id, amount, status, place)
    SELECT id, auth_household_id, budget_transaction_id, budget_account_id, amount, status, place FROM account_entries
    ON CONFLICT (id) DO UPDATE SET budget_account_id = excluded.budget_account_id, amount = excluded.amount,
        status = excluded.status, place = excluded.place
    WHERE (e.budget_account_id, e.amount, e.status, e.place)
        IS DISTINCT FROM (excluded.budget_account_id, excluded.amount, excluded.status, excluded.place)
), categories_gone AS (
    DELETE FROM budget_transaction_category e USING accepted r
    WHERE e.budget_transaction_id = r.id AND e.id NOT IN (SELECT id FROM category_entries)
), categories_written AS (
    INSERT INTO budget_transaction_category AS e
        (id, auth_household_id, budget_transaction_id, budget_category_id, amount, year_month, place)
    SELECT id, auth_household_id, budget_transaction_id, budget_category_id, amount, year_month, place FROM category_entries
    ON CONFLICT (id) DO UPDATE SET budget_category_id = excluded.budget_category_id, amount = excluded.amount,
        year_month = excluded.year_month, place = excluded.place
    WHERE (e.budget_category_id, e.amount, e.year_month, e.place)
        IS DISTINCT FROM (excluded.budget_category_id, excluded.amount, excluded.year_month, excluded.place)
)
SELECT is_current(%(session)s::uuid, %(access)s::bigint), EXISTS (SELECT FROM written);

-- name: delete_transaction
-- A transaction goes, with its entries.
WITH gone AS (
    DELETE FROM budget_transaction WHERE id = %(id)s::uuid AND auth_household_id = ANY (%(owners)s::uuid[])
        AND is_current(%(session)s::uuid, %(access)s::bigint)
    RETURNING id
)
SELECT is_current(%(session)s::uuid, %(access)s::bigint), EXISTS (SELECT FROM gone);

-- name: reconcile
-- What is cleared on an account is reconciled: whether there was anything.
WITH reconciled AS (
    UPDATE budget_transaction_account SET status = 2
    WHERE budget_account_id = %(id)s::uuid AND status = 1 AND auth_household_id = ANY (%(owners)s::uuid[])
        AND is_current(%(session)s::uuid, %(access)s::bigint)
    RETURNING id
)
SELECT is_current(%(session)s::uuid, %(access)s::bigint), EXISTS (SELECT FROM reconciled);

-- name: allocate
-- What a category gets in a month, whether its row is there or not. Nothing is given to income: then nothing is written.
WITH proposed AS MATERIALIZED (
    SELECT r.* FROM jsonb_populate_record(NULL::budget_month_category, %(row)s::jsonb) r
    WHERE is_current(%(session)s::uuid, %(access)s::bigint) AND r.auth_household_id = ANY (%(owners)s::uuid[])
), allowed AS MATERIALIZED (
    SELECT r.* FROM proposed r
    WHERE r.amount = 0 OR NOT EXISTS (SELECT FROM budget_category c
        WHERE (c.auth_household_id, c.id) = (r.auth_household_id, r.budget_category_id) AND c.income)
), written AS (
    INSERT INTO budget_month_category AS m (auth_household_id, budget_category_id, year_month, amount)
    SELECT auth_household_id, budget_category_id, year_month, amount FROM allowed
    ON CONFLICT (auth_household_id, budget_category_id, year_month) DO UPDATE SET amount = excluded.amount
    WHERE m.amount <> excluded.amount
)
SELECT is_current(%(session)s::uuid, %(access)s::bigint), EXISTS (SELECT FROM allowed);

-- name: reallocate
-- The same where the row is there: whether the amount is another one now.
WITH written AS (
    UPDATE budget_month_category m SET amount = r.amount
    FROM jsonb_populate_record(NULL::budget_month_category, %(row)s::jsonb) r
    WHERE is_current(%(session)s::uuid, %(access)s::bigint) AND r.auth_household_id = ANY (%(owners)s::uuid[])
        AND (m.auth_household_id, m.budget_category_id, m.year_month)
            = (r.auth_household_id, r.budget_category_id, r.year_month)
        AND m.amount <> r.amount
        AND (r.amount = 0 OR NOT EXISTS (SELECT FROM budget_category c WHERE c.id = r.budget_category_id AND c.income))
    RETURNING m.amount
)
SELECT is_current(%(session)s::uuid, %(access)s::bigint), EXISTS (SELECT FROM written);
