-- Old transactions of the budget made fewer, for those who ask for it (contract §8.4). What accounts have and what
-- categories have is the same afterwards; what is lost is which transactions it came from. Entries keep their status, and
-- what came in is not set off against what went out, so that accounts and charts tell the same of them.

-- name: summary
-- One transaction for each household, month and payee that has several which ended before a day: on the first of that
-- month, with the sums of their entries.
WITH old AS MATERIALIZED (
    SELECT auth_household_id, date_trunc('month', date)::date AS month, budget_payee_id, array_agg(id) AS ids,
        sum(amount)::bigint AS amount, gen_random_uuid() AS new_id
    FROM budget_transaction WHERE date < %(before)s::date AND NOT keep
    GROUP BY auth_household_id, date_trunc('month', date), budget_payee_id HAVING count(*) > 1
    LIMIT %(limit)s::integer
), account_sums AS MATERIALIZED (
    SELECT o.auth_household_id, o.new_id, e.budget_account_id, e.status, sum(e.amount)::bigint AS amount
    FROM old o JOIN budget_transaction_account e ON e.budget_transaction_id = ANY (o.ids)
    GROUP BY o.auth_household_id, o.new_id, e.budget_account_id, e.status HAVING sum(e.amount) <> 0
), category_sums AS MATERIALIZED (
    SELECT o.auth_household_id, o.new_id, e.budget_category_id, e.year_month, sum(e.amount)::bigint AS amount
    FROM old o JOIN budget_transaction_category e ON e.budget_transaction_id = ANY (o.ids)
    GROUP BY o.auth_household_id, o.new_id, e.budget_category_id, e.year_month, sign(e.amount) HAVING sum(e.amount) <> 0
), made AS (
    INSERT INTO budget_transaction (id, auth_household_id, date, amount, budget_payee_id)
    SELECT new_id, auth_household_id, month, amount, budget_payee_id FROM old
    WHERE new_id IN (SELECT new_id FROM account_sums UNION ALL SELECT new_id FROM category_sums)
), accounts_made AS (
    INSERT INTO budget_transaction_account
        (auth_household_id, budget_transaction_id, budget_account_id, status, amount, place)
    SELECT *, row_number() OVER (PARTITION BY new_id ORDER BY budget_account_id, status) - 1 FROM account_sums
), categories_made AS (
    INSERT INTO budget_transaction_category
        (auth_household_id, budget_transaction_id, budget_category_id, year_month, amount, place)
    SELECT *, row_number() OVER (PARTITION BY new_id ORDER BY budget_category_id, year_month, amount) - 1 FROM category_sums
)
DELETE FROM budget_transaction t USING old o WHERE t.id = ANY (o.ids);

-- name: household_to_balance
-- A household with several transactions that ended before a day, or with months before that month.
SELECT h.id FROM auth_household h
WHERE (SELECT count(*) FROM (
        SELECT FROM budget_transaction t WHERE t.auth_household_id = h.id AND t.date < %(before)s::date AND NOT t.keep LIMIT 2
    ) several) > 1
    OR EXISTS (SELECT FROM budget_month_category m WHERE m.auth_household_id = h.id AND m.year_month < %(month)s::integer)
LIMIT 1;

-- name: balance_entries
-- What a household's categories did before a month counts in that month.
UPDATE budget_transaction_category SET year_month = %(month)s::integer
WHERE auth_household_id = %(household)s::uuid AND year_month < %(month)s::integer;

-- name: balance_months
-- What they got before a month, they got in that month.
WITH gone AS (
    DELETE FROM budget_month_category
    WHERE auth_household_id = %(household)s::uuid AND year_month < %(month)s::integer
    RETURNING budget_category_id, amount
)
INSERT INTO budget_month_category AS m (auth_household_id, budget_category_id, year_month, amount)
SELECT %(household)s::uuid, budget_category_id, %(month)s::integer, sum(amount) FROM gone GROUP BY budget_category_id
ON CONFLICT (auth_household_id, budget_category_id, year_month) DO UPDATE SET amount = m.amount + excluded.amount;

-- name: balance_transactions
-- One transaction, on a day, for all of a household that ended before, if they are several.
WITH old AS MATERIALIZED (
    SELECT id FROM (
        SELECT id, count(*) OVER () AS several FROM budget_transaction
        WHERE auth_household_id = %(household)s::uuid AND date < %(before)s::date AND NOT keep
    ) ended WHERE several > 1
), account_sums AS MATERIALIZED (
    SELECT budget_account_id, status, sum(amount) AS amount FROM budget_transaction_account
    WHERE budget_transaction_id IN (SELECT id FROM old) GROUP BY budget_account_id, status HAVING sum(amount) <> 0
), category_sums AS MATERIALIZED (
    SELECT budget_category_id, year_month, sum(amount) AS amount FROM budget_transaction_category
    WHERE budget_transaction_id IN (SELECT id FROM old)
    GROUP BY budget_category_id, year_month, sign(amount) HAVING sum(amount) <> 0
), made AS (
    INSERT INTO budget_transaction (id, auth_household_id, date, amount)
    SELECT %(id)s::uuid, %(household)s::uuid, %(date)s::date, (SELECT coalesce(sum(amount), 0) FROM category_sums)
    WHERE EXISTS (SELECT FROM account_sums) OR EXISTS (SELECT FROM category_sums)
), accounts_made AS (
    INSERT INTO budget_transaction_account
        (auth_household_id, budget_transaction_id, budget_account_id, amount, status, place)
    SELECT %(household)s::uuid, %(id)s::uuid, budget_account_id, amount, status,
        row_number() OVER (ORDER BY budget_account_id, status) - 1
    FROM account_sums
), categories_made AS (
    INSERT INTO budget_transaction_category
        (auth_household_id, budget_transaction_id, budget_category_id, year_month, amount, place)
    SELECT %(household)s::uuid, %(id)s::uuid, budget_category_id, year_month, amount,
        row_number() OVER (ORDER BY budget_category_id, year_month, amount) - 1
    FROM category_sums
)
DELETE FROM budget_transaction WHERE id IN (SELECT id FROM old);
