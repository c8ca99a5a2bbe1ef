-- Figures over months, each dataset a name with named values (contract B1 section 10).

-- name: categories
-- What went out for each category that is not hidden, the most first.
SELECT is_current(%(session)s::uuid, %(access)s::bigint), (
    SELECT string_agg(json_build_object('name', name, 'values', json_build_array(
        json_build_object('name', 'amount', 'value', amount)))::text, E',\n' ORDER BY amount, name)
    FROM (
        SELECT c.name, sum(e.amount) AS amount
        FROM budget_transaction_category e JOIN budget_category c ON c.id = e.budget_category_id
        WHERE e.auth_household_id = %(household)s::uuid AND e.year_month BETWEEN %(from)s::bigint AND %(to)s::bigint
            AND e.amount < 0 AND c.grouping <> ''
        GROUP BY c.id
    ) spent
);

-- name: groupings
-- The same for each grouping of categories.
SELECT is_current(%(session)s::uuid, %(access)s::bigint), (
    SELECT string_agg(json_build_object('name', grouping, 'values', json_build_array(
        json_build_object('name', 'amount', 'value', amount)))::text, E',\n' ORDER BY amount, grouping)
    FROM (
        SELECT c.grouping, sum(e.amount) AS amount
        FROM budget_transaction_category e JOIN budget_category c ON c.id = e.budget_category_id
        WHERE e.auth_household_id = %(household)s::uuid AND e.year_month BETWEEN %(from)s::bigint AND %(to)s::bigint
            AND e.amount < 0 AND c.grouping <> ''
        GROUP BY c.grouping
    ) spent
);

-- name: months
-- What came in and went out in each month, and what there is at its end, from the beginning of all.
SELECT is_current(%(session)s::uuid, %(access)s::bigint), (
    SELECT string_agg(json_build_object('name', to_char(year_month, 'FM0000"-"00'), 'values', json_build_array(
        json_build_object('name', 'total', 'value', total), json_build_object('name', 'income', 'value', income),
        json_build_object('name', 'expense', 'value', expense)))::text, E',\n' ORDER BY year_month)
    FROM (
        SELECT year_month, sum(sum(amount)) OVER (ORDER BY year_month) AS total,
            coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS income,
            -coalesce(sum(amount) FILTER (WHERE amount < 0), 0) AS expense
        FROM (
            SELECT year_month, sum(amount) AS amount FROM budget_transaction_category
            WHERE auth_household_id = %(household)s::uuid AND budget_category_id IS NOT NULL
                AND year_month <= %(to)s::bigint
            GROUP BY year_month, budget_category_id
        ) of_category
        GROUP BY year_month
    ) of_month
    WHERE year_month >= %(from)s::bigint
);

-- name: payees
-- What went out to each payee from each account, and to accounts beyond the budget.
SELECT is_current(%(session)s::uuid, %(access)s::bigint), (
    SELECT string_agg(json_build_object('name', name, 'values', json_build_array(
        json_build_object('name', 'amount', 'value', amount)))::text, E',\n' ORDER BY amount, name)
    FROM (
        SELECT coalesce(p.name, a.name) AS name,
            sum(CASE WHEN p.id IS NULL THEN -e.amount ELSE t.amount END) AS amount
        FROM budget_transaction t
        JOIN budget_transaction_account e ON e.budget_transaction_id = t.id
        JOIN budget_account a ON a.id = e.budget_account_id
        LEFT JOIN budget_payee p ON p.id = t.budget_payee_id
        WHERE t.auth_household_id = %(household)s::uuid
            AND date_part('year', t.date) * 100 + date_part('month', t.date) BETWEEN %(from)s::bigint AND %(to)s::bigint
            AND CASE WHEN p.id IS NULL THEN e.amount > 0 AND NOT a.budget ELSE t.amount < 0 END
        GROUP BY p.id, a.id
    ) spent
);
