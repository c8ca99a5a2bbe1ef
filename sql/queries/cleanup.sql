-- What is not needed any more, a batch at a time so that nobody waits long for a lock (contract §8.4).

-- name: sessions
-- Sessions that expired.
DELETE FROM auth_session WHERE id IN (
    SELECT id FROM auth_session WHERE expires < now() ORDER BY expires LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: auth_accounts
-- Accounts in no household that nobody has used for long, and what is theirs.
DELETE FROM auth_account WHERE id IN (
    SELECT a.id FROM auth_account a
    WHERE a.last_activity < now() - make_interval(days => %(days)s::integer)
        AND NOT EXISTS (SELECT FROM auth_account_auth_household m WHERE m.auth_account_id = a.id)
        AND NOT EXISTS (SELECT FROM auth_session s WHERE s.auth_account_id = a.id AND s.expires > now())
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: challenges
-- Challenges that nobody answered in time.
DELETE FROM auth_challenge WHERE hash IN (
    SELECT hash FROM auth_challenge WHERE expires < now() ORDER BY expires LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: demonstration_accounts
-- Accounts of demonstrations that are a day old, and the children that were added there; nobody who is elsewhere, too.
DELETE FROM auth_account WHERE id IN (
    SELECT a.id FROM auth_account a
    WHERE CASE
            WHEN a.child THEN EXISTS (SELECT FROM auth_account_auth_household m WHERE m.auth_account_id = a.id)
            ELSE a.email_address LIKE '%%@demo.example.com' AND a.created < now() - interval '1 day'
        END
        AND NOT EXISTS (
            SELECT FROM auth_account_auth_household m JOIN auth_household h ON h.id = m.auth_household_id
            WHERE m.auth_account_id = a.id AND NOT (h.demo AND h.created < now() - interval '1 day')
        )
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: demonstrations
-- Households of demonstrations that are a day old.
DELETE FROM auth_household WHERE id IN (
    SELECT id FROM auth_household WHERE demo AND created < now() - interval '1 day'
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: cache
-- Rendered lists that are old; those still in use are rendered again when somebody asks.
DELETE FROM cache WHERE (owner_id, table_name, kind) IN (
    SELECT owner_id, table_name, kind FROM cache WHERE rendered < now() - make_interval(mins => %(minutes)s::integer)
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: outbox
-- Messages that came to an end some days ago.
DELETE FROM notification WHERE id IN (
    SELECT id FROM notification WHERE sent < now() - make_interval(days => %(days)s::integer)
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: sync
-- Old entries of the change log but the newest of each list, which its token is made of; cursors behind them read
-- everything. Owners are locked first and in order, as writers do.
WITH old AS MATERIALIZED (
    SELECT c.owner_id, c.table_name, c.id FROM sync_change c
    WHERE c.changed < now() - make_interval(days => %(days)s::integer) AND EXISTS (
        SELECT FROM sync_change newer
        WHERE newer.owner_id = c.owner_id AND newer.table_name = c.table_name AND newer.version > c.version
    )
    LIMIT %(limit)s::integer
), owners AS MATERIALIZED (
    SELECT v.owner_id FROM sync_version v WHERE v.owner_id IN (SELECT owner_id FROM old)
    ORDER BY v.owner_id FOR NO KEY UPDATE
), purged AS (
    DELETE FROM sync_change c USING old JOIN owners USING (owner_id)
    WHERE (c.owner_id, c.table_name, c.id) = (old.owner_id, old.table_name, old.id)
        AND c.changed < now() - make_interval(days => %(days)s::integer)
    RETURNING c.owner_id, c.version
), marked AS (
    UPDATE sync_version v SET purged = greatest(v.purged, newest.version)
    FROM (SELECT owner_id, max(version) AS version FROM purged GROUP BY owner_id) newest
    WHERE v.owner_id = newest.owner_id
)
SELECT FROM purged;

-- name: sync_of_nobody
-- Versions and log of accounts and households that were deleted long ago; the nil UUID stands for everybody.
WITH gone AS (
    DELETE FROM sync_version v WHERE v.owner_id IN (
        SELECT owner_id FROM sync_version s
        WHERE s.owner_id <> '00000000-0000-0000-0000-000000000000'
            AND NOT EXISTS (SELECT FROM auth_account a WHERE a.id = s.owner_id)
            AND NOT EXISTS (SELECT FROM auth_household h WHERE h.id = s.owner_id)
            AND NOT EXISTS (
                SELECT FROM sync_change c
                WHERE c.owner_id = s.owner_id AND c.changed >= now() - make_interval(days => %(days)s::integer)
            )
        LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
    )
    RETURNING v.owner_id
), forgotten AS (
    DELETE FROM sync_change c USING gone WHERE c.owner_id = gone.owner_id
)
SELECT FROM gone;

-- name: budget_months
-- Months that are over in which a category got nothing and nothing was done to it.
DELETE FROM budget_month_category WHERE (auth_household_id, budget_category_id, year_month) IN (
    SELECT auth_household_id, budget_category_id, year_month FROM budget_month_category m
    WHERE (m.amount, m.budget_transaction_amount) = (0, 0) AND m.year_month < to_char(now(), 'YYYYMM')::integer
        AND NOT EXISTS (
            SELECT FROM budget_transaction_category e
            WHERE (e.auth_household_id, e.budget_category_id, e.year_month)
                = (m.auth_household_id, m.budget_category_id, m.year_month)
        )
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: budget_payees
-- Payees without transactions that are no shop, since yesterday at least, and that nothing names.
DELETE FROM budget_payee WHERE id IN (
    SELECT p.id FROM budget_payee p
    WHERE NOT p.shop_store AND p.updated < now() - interval '1 day'
        AND NOT EXISTS (SELECT FROM budget_transaction t WHERE t.budget_payee_id = p.id)
        AND NOT EXISTS (SELECT FROM budget_recurrence r
            WHERE r.auth_household_id = p.auth_household_id AND r.template ->> 'budgetPayeeID' = p.id::text)
        AND NOT EXISTS (SELECT FROM shop_category c WHERE c.budget_payee_id = p.id)
        AND NOT EXISTS (SELECT FROM shop_item i WHERE i.budget_payee_id = p.id)
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: calendar_events
-- Events that were over long ago and never come again. Those of another calendar stay as long as that names them.
DELETE FROM calendar_event WHERE id IN (
    SELECT id FROM calendar_event
    WHERE recurrence IS NULL AND calendar_icalendar_id IS NULL
        AND timestamp_end < now() - make_interval(days => %(days)s::integer)
    ORDER BY timestamp_end LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: calendar_hosts
-- Servers that nobody has asked for a calendar for weeks, as nobody has one there any more.
DELETE FROM calendar_host WHERE host IN (
    SELECT host FROM calendar_host WHERE not_before < now() - interval '14 days'
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: notes_page_versions
-- All but the newest versions of every page.
DELETE FROM notes_page_version WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY notes_page_id ORDER BY updated DESC, id DESC) AS place
        FROM notes_page_version
    ) placed
    WHERE place > %(keep)s::integer LIMIT %(limit)s::integer
);

-- name: notes_pages
-- Pages that were thrown away long ago, and with them the pages below.
DELETE FROM notes_page WHERE id IN (
    SELECT id FROM notes_page WHERE deleted < now() - make_interval(days => %(days)s::integer)
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: plan_tasks
-- Tasks that were done long ago. One with others below it waits until those have gone.
DELETE FROM plan_task WHERE id IN (
    SELECT id FROM plan_task t
    WHERE done AND NOT template AND updated < now() - make_interval(days => %(days)s::integer)
        AND NOT EXISTS (SELECT FROM plan_task below WHERE below.parent_id = t.id)
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: cook_meal_plans
-- Meals that were planned for a day long ago.
DELETE FROM cook_meal_plan WHERE id IN (
    SELECT id FROM cook_meal_plan WHERE date < current_date - %(days)s::integer
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: cook_recipes
-- Recipes that were thrown away long ago.
DELETE FROM cook_recipe WHERE id IN (
    SELECT id FROM cook_recipe WHERE deleted < now() - make_interval(days => %(days)s::integer)
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: health_logs
-- Logs of days long ago; they are counted no more.
DELETE FROM health_log WHERE id IN (
    SELECT id FROM health_log WHERE date < current_date - %(days)s::integer
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);

-- name: secrets_values
-- Secrets that were thrown away long ago.
DELETE FROM secrets_value WHERE id IN (
    SELECT id FROM secrets_value WHERE deleted < now() - make_interval(days => %(days)s::integer)
    LIMIT %(limit)s::integer FOR UPDATE SKIP LOCKED
);
