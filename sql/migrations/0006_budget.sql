-- The household's money: accounts, categories, payees, what recurs, and transactions with their entries. Amounts are in
-- the smallest unit of the currency, what goes out is negative. Totals are kept by triggers (sql/triggers/budget.sql).

CREATE TABLE budget_account (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    icon              text NOT NULL DEFAULT '' CHECK (char_length(icon) <= 100),
    budget            boolean NOT NULL DEFAULT false,
    hidden            boolean NOT NULL DEFAULT false,
    budget_transaction_amount            bigint NOT NULL DEFAULT 0,
    budget_transaction_amount_cleared    bigint NOT NULL DEFAULT 0,
    budget_transaction_amount_reconciled bigint NOT NULL DEFAULT 0,
    -- What the payee and the category of its opening balance are called, and its date.
    opening_name      text NOT NULL DEFAULT '',
    opening_date      date,
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner_id, name),
    UNIQUE (auth_household_id, id)
);
CREATE INDEX budget_account_owner_id ON budget_account (owner_id);
CALL track('budget_account', 'opening_name', 'opening_date');

CREATE TABLE budget_category (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    grouping          text NOT NULL DEFAULT '' CHECK (char_length(grouping) <= 500),
    income            boolean NOT NULL DEFAULT false,
    target_amount     bigint NOT NULL DEFAULT 0,
    target_month      smallint NOT NULL DEFAULT 0 CHECK (target_month BETWEEN 0 AND 12),
    target_year       integer NOT NULL DEFAULT 0,
    budget_month_category_amount bigint NOT NULL DEFAULT 0,
    budget_transaction_amount    bigint NOT NULL DEFAULT 0,
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT budget_category_income CHECK (NOT income OR (target_amount, target_month, target_year) = (0, 0, 0)),
    UNIQUE (owner_id, name),
    UNIQUE (auth_household_id, id)
);
CREATE INDEX budget_category_owner_id ON budget_category (owner_id);
CALL track('budget_category');

CREATE TABLE budget_payee (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id  uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id           uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    short_id           text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name               text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    address            text NOT NULL DEFAULT '' CHECK (char_length(address) <= 500),
    icon               text NOT NULL DEFAULT '' CHECK (char_length(icon) <= 100),
    budget_category_id uuid,
    shop_store         boolean NOT NULL DEFAULT false,
    budget_transaction_amount bigint NOT NULL DEFAULT 0,
    created            timestamptz NOT NULL DEFAULT now(),
    updated            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT budget_payee_budget_category_id_fkey FOREIGN KEY (auth_household_id, budget_category_id)
        REFERENCES budget_category (auth_household_id, id) ON DELETE SET NULL (budget_category_id),
    UNIQUE (owner_id, name),
    UNIQUE (auth_household_id, id)
);
CREATE INDEX budget_payee_owner_id ON budget_payee (owner_id);
CREATE INDEX budget_payee_category ON budget_payee (budget_category_id) WHERE budget_category_id IS NOT NULL;
CALL track('budget_payee');

CREATE TABLE budget_recurrence (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    budget_account_id uuid NOT NULL,
    recurrence        jsonb NOT NULL,
    template          jsonb NOT NULL,
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT budget_recurrence_budget_account_id_fkey FOREIGN KEY (auth_household_id, budget_account_id)
        REFERENCES budget_account (auth_household_id, id) ON DELETE CASCADE
);
CREATE INDEX budget_recurrence_owner_id ON budget_recurrence (owner_id);
CREATE INDEX budget_recurrence_account ON budget_recurrence (budget_account_id);
CALL track('budget_recurrence');

-- Transactions and months are read when somebody looks at them. No client keeps a list of them, so nothing is tracked.
CREATE TABLE budget_transaction (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    date              date NOT NULL,
    amount            bigint NOT NULL DEFAULT 0,
    budget_payee_id   uuid,
    note              text NOT NULL DEFAULT '' CHECK (char_length(note) <= 500),
    keep              boolean NOT NULL DEFAULT false,
    created           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT budget_transaction_budget_payee_id_fkey FOREIGN KEY (auth_household_id, budget_payee_id)
        REFERENCES budget_payee (auth_household_id, id) ON DELETE SET NULL (budget_payee_id),
    UNIQUE (auth_household_id, id)
);
CREATE INDEX budget_transaction_date ON budget_transaction (auth_household_id, date);
CREATE INDEX budget_transaction_payee ON budget_transaction (budget_payee_id) WHERE budget_payee_id IS NOT NULL;

-- What a transaction does to accounts and to categories; `place` is the order in which a client said it.
CREATE TABLE budget_transaction_account (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id     uuid NOT NULL,
    budget_transaction_id uuid NOT NULL,
    budget_account_id     uuid,
    amount                bigint NOT NULL,
    status                smallint NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 2),
    place                 smallint NOT NULL DEFAULT 0,
    CONSTRAINT budget_transaction_accounts_fkey FOREIGN KEY (auth_household_id, budget_account_id)
        REFERENCES budget_account (auth_household_id, id) ON DELETE CASCADE,
    FOREIGN KEY (auth_household_id, budget_transaction_id)
        REFERENCES budget_transaction (auth_household_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN budget_transaction_account.status IS '0 uncleared, 1 cleared, 2 reconciled';
CREATE INDEX budget_transaction_account_account ON budget_transaction_account (auth_household_id, budget_account_id);
CREATE INDEX budget_transaction_account_transaction ON budget_transaction_account (budget_transaction_id);

CREATE TABLE budget_transaction_category (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id     uuid NOT NULL,
    budget_transaction_id uuid NOT NULL,
    budget_category_id    uuid,
    amount                bigint NOT NULL,
    year_month            integer NOT NULL CHECK (year_month BETWEEN 100001 AND 999912),
    place                 smallint NOT NULL DEFAULT 0,
    CONSTRAINT budget_transaction_categories_fkey FOREIGN KEY (auth_household_id, budget_category_id)
        REFERENCES budget_category (auth_household_id, id) ON DELETE CASCADE,
    FOREIGN KEY (auth_household_id, budget_transaction_id)
        REFERENCES budget_transaction (auth_household_id, id) ON DELETE CASCADE
);
CREATE INDEX budget_transaction_category_category
    ON budget_transaction_category (auth_household_id, budget_category_id, year_month);
CREATE INDEX budget_transaction_category_month ON budget_transaction_category (auth_household_id, year_month);
CREATE INDEX budget_transaction_category_transaction ON budget_transaction_category (budget_transaction_id);

-- What a category got in a month, and the sum of its entries there. Everything about months is told by these rows.
CREATE TABLE budget_month_category (
    auth_household_id         uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    budget_category_id        uuid NOT NULL,
    year_month                integer NOT NULL CHECK (year_month BETWEEN 100001 AND 999912),
    amount                    bigint NOT NULL DEFAULT 0,
    budget_transaction_amount bigint NOT NULL DEFAULT 0,
    created                   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT budget_month_category_budget_category_id_fkey FOREIGN KEY (auth_household_id, budget_category_id)
        REFERENCES budget_category (auth_household_id, id) ON DELETE CASCADE,
    PRIMARY KEY (auth_household_id, budget_category_id, year_month)
);
CREATE INDEX budget_month_category_month ON budget_month_category (auth_household_id, year_month);

CREATE VIEW budget_month AS
SELECT m.auth_household_id, m.year_month,
    sum(m.amount)::bigint AS budget_month_category_amount,
    coalesce(sum(m.budget_transaction_amount) FILTER (WHERE c.income), 0)::bigint AS budget_transaction_amount_income
FROM budget_month_category m JOIN budget_category c ON c.id = m.budget_category_id
GROUP BY m.auth_household_id, m.year_month;

-- References that waited for these tables. A household's row names only what is its own; deleting that clears them.
ALTER TABLE plan_project
    ADD FOREIGN KEY (budget_category_id) REFERENCES budget_category ON DELETE SET NULL,
    ADD CONSTRAINT plan_project_budget_category_id_fkey1 FOREIGN KEY (auth_household_id, budget_category_id)
        REFERENCES budget_category (auth_household_id, id) ON DELETE SET NULL (budget_category_id);
CREATE INDEX plan_project_category ON plan_project (budget_category_id) WHERE budget_category_id IS NOT NULL;

ALTER TABLE shop_category
    ADD CONSTRAINT shop_category_budget_payee_id_fkey FOREIGN KEY (auth_household_id, budget_payee_id)
        REFERENCES budget_payee (auth_household_id, id) ON DELETE SET NULL (budget_payee_id);
CREATE INDEX shop_category_payee ON shop_category (budget_payee_id) WHERE budget_payee_id IS NOT NULL;

ALTER TABLE shop_list
    ADD FOREIGN KEY (budget_category_id) REFERENCES budget_category ON DELETE SET NULL,
    ADD CONSTRAINT shop_list_budget_category_id_fkey1 FOREIGN KEY (auth_household_id, budget_category_id)
        REFERENCES budget_category (auth_household_id, id) ON DELETE SET NULL (budget_category_id);
CREATE INDEX shop_list_category ON shop_list (budget_category_id) WHERE budget_category_id IS NOT NULL;

ALTER TABLE shop_item
    ADD FOREIGN KEY (budget_category_id) REFERENCES budget_category ON DELETE SET NULL,
    ADD CONSTRAINT shop_item_budget_category_id_fkey1 FOREIGN KEY (auth_household_id, budget_category_id)
        REFERENCES budget_category (auth_household_id, id) ON DELETE SET NULL (budget_category_id),
    ADD FOREIGN KEY (budget_payee_id) REFERENCES budget_payee ON DELETE SET NULL,
    ADD CONSTRAINT shop_item_budget_payee_id_fkey1 FOREIGN KEY (auth_household_id, budget_payee_id)
        REFERENCES budget_payee (auth_household_id, id) ON DELETE SET NULL (budget_payee_id);
CREATE INDEX shop_item_budget_category ON shop_item (budget_category_id) WHERE budget_category_id IS NOT NULL;
CREATE INDEX shop_item_payee ON shop_item (budget_payee_id) WHERE budget_payee_id IS NOT NULL;
