-- The first objects, one of every ownership shape. The owner of a row is its household if it has one, else its account.
-- References to tables that a later migration brings get their foreign keys there.

CREATE TABLE bookmark (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id   uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id uuid REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    link              text NOT NULL CHECK (char_length(link) BETWEEN 1 AND 200),
    icon_name         text NOT NULL DEFAULT '' CHECK (char_length(icon_name) <= 100),
    icon_link         text NOT NULL DEFAULT '' CHECK (char_length(icon_link) <= 200),
    home              boolean NOT NULL DEFAULT false,
    new_window        boolean NOT NULL DEFAULT false,
    tags              text[] NOT NULL DEFAULT '{}',
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bookmark_owner CHECK (num_nonnulls(auth_account_id, auth_household_id) = 1),
    CONSTRAINT bookmark_icon_link_check1 CHECK (icon_name = '' OR icon_link = ''),
    UNIQUE (auth_account_id, name),
    UNIQUE (auth_household_id, name)
);
CREATE INDEX bookmark_owner_id ON bookmark (owner_id);
CALL track('bookmark');

CREATE TABLE plan_project (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id    uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id  uuid REFERENCES auth_household ON DELETE CASCADE,
    owner_id           uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    short_id           text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name               text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    parent_id          uuid REFERENCES plan_project ON DELETE CASCADE,
    budget_category_id uuid,
    color              smallint NOT NULL DEFAULT 0 CHECK (color BETWEEN 0 AND 13),
    icon               text NOT NULL DEFAULT '' CHECK (char_length(icon) <= 100),
    tags               text[] NOT NULL DEFAULT '{}',
    position           text NOT NULL CHECK (char_length(position) BETWEEN 1 AND 100),
    plan_task_count    integer NOT NULL DEFAULT 0,
    shop_item_count    integer NOT NULL DEFAULT 0,
    created            timestamptz NOT NULL DEFAULT now(),
    updated            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT plan_project_owner CHECK (num_nonnulls(auth_account_id, auth_household_id) = 1)
);
CREATE INDEX plan_project_owner_id ON plan_project (owner_id);
CREATE INDEX plan_project_parent ON plan_project (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX plan_project_siblings ON plan_project (coalesce(parent_id, owner_id));
CALL track('plan_project');

-- A task with a household belongs to it, and its account is then the member it is assigned to. A task without either
-- is a template for everybody; the nil UUID stands for "everybody" as an owner.
CREATE TABLE plan_task (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id   uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id uuid REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS
        (coalesce(auth_household_id, auth_account_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 1000),
    parent_id         uuid REFERENCES plan_task ON DELETE CASCADE,
    plan_project_id   uuid REFERENCES plan_project ON DELETE CASCADE,
    inventory_item_id uuid,
    assignees         text[] NOT NULL DEFAULT '{}',
    color             smallint NOT NULL DEFAULT 0 CHECK (color BETWEEN 0 AND 13),
    details           text NOT NULL DEFAULT '' CHECK (char_length(details) <= 10000),
    due_date          timestamptz,
    date_end          date,
    duration          smallint NOT NULL DEFAULT 0 CHECK (duration >= 0),
    done              boolean NOT NULL DEFAULT false,
    last_done_by      uuid,
    last_done_date    date,
    notify            boolean NOT NULL DEFAULT false,
    notified          boolean NOT NULL DEFAULT false,
    recur_on_done     boolean NOT NULL DEFAULT false,
    recurrence        jsonb,
    position          text NOT NULL CHECK (char_length(position) BETWEEN 1 AND 100),
    tags              text[] NOT NULL DEFAULT '{}',
    template          boolean NOT NULL DEFAULT false,
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT plan_task_template CHECK (NOT template OR plan_project_id IS NULL),
    -- Who a household's task is assigned to is one of its members; leaving the household unassigns.
    CONSTRAINT plan_task_auth_account_id_fkey1 FOREIGN KEY (auth_account_id, auth_household_id)
        REFERENCES auth_account_auth_household (auth_account_id, auth_household_id) ON DELETE SET NULL (auth_account_id)
);
CREATE INDEX plan_task_owner_id ON plan_task (owner_id);
CREATE INDEX plan_task_assignee ON plan_task (auth_account_id, auth_household_id);
CREATE INDEX plan_task_parent ON plan_task (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX plan_task_project ON plan_task (plan_project_id) WHERE plan_project_id IS NOT NULL;
CREATE INDEX plan_task_siblings ON plan_task (coalesce(parent_id, plan_project_id, owner_id));
CREATE INDEX plan_task_due ON plan_task (due_date) WHERE notify AND NOT notified AND NOT done AND NOT template;
CALL track('plan_task', 'notified');

CREATE TABLE shop_category (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    match             text NOT NULL DEFAULT '' CHECK (char_length(match) <= 5000),
    budget_payee_id   uuid,
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    UNIQUE (auth_household_id, name),
    UNIQUE (auth_household_id, id)
);
CREATE INDEX shop_category_owner_id ON shop_category (owner_id);
CALL track('shop_category');

CREATE TABLE shop_list (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id    uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id  uuid REFERENCES auth_household ON DELETE CASCADE,
    owner_id           uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    short_id           text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name               text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    budget_category_id uuid,
    icon               text NOT NULL DEFAULT '' CHECK (char_length(icon) <= 1000),
    shop_item_count    integer NOT NULL DEFAULT 0,
    created            timestamptz NOT NULL DEFAULT now(),
    updated            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT shop_list_owner CHECK (num_nonnulls(auth_account_id, auth_household_id) = 1),
    UNIQUE (auth_account_id, name),
    UNIQUE (auth_household_id, name)
);
CREATE INDEX shop_list_owner_id ON shop_list (owner_id);
CALL track('shop_list');

CREATE TABLE shop_item (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id    uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id  uuid REFERENCES auth_household ON DELETE CASCADE,
    owner_id           uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    name               text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    budget_category_id uuid,
    budget_payee_id    uuid,
    cook_meal_plan_id  uuid,
    cook_recipe_id     uuid,
    plan_project_id    uuid REFERENCES plan_project ON DELETE SET NULL,
    shop_category_id   uuid REFERENCES shop_category ON DELETE SET NULL,
    shop_list_id       uuid REFERENCES shop_list ON DELETE CASCADE,
    in_cart            boolean NOT NULL DEFAULT false,
    next_date          date,
    recurrence         jsonb,
    position           text NOT NULL DEFAULT '' CHECK (char_length(position) <= 100),
    price              bigint NOT NULL DEFAULT 0 CHECK (price >= 0),
    created            timestamptz NOT NULL DEFAULT now(),
    updated            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT shop_item_owner CHECK (num_nonnulls(auth_account_id, auth_household_id) = 1),
    -- A household's item uses that household's categories.
    CONSTRAINT shop_item_shop_category_id_fkey1 FOREIGN KEY (auth_household_id, shop_category_id)
        REFERENCES shop_category (auth_household_id, id) ON DELETE SET NULL (shop_category_id)
);
CREATE INDEX shop_item_owner_id ON shop_item (owner_id);
CREATE INDEX shop_item_project ON shop_item (plan_project_id) WHERE plan_project_id IS NOT NULL;
CREATE INDEX shop_item_category ON shop_item (shop_category_id) WHERE shop_category_id IS NOT NULL;
CREATE INDEX shop_item_list ON shop_item (shop_list_id) WHERE shop_list_id IS NOT NULL;
CREATE INDEX shop_item_siblings ON shop_item (coalesce(shop_list_id, owner_id));
CALL track('shop_item');

CREATE TABLE notes_page (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id   uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id uuid REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 1000),
    parent_id         uuid REFERENCES notes_page ON DELETE CASCADE,
    color             smallint NOT NULL DEFAULT 0 CHECK (color BETWEEN 0 AND 13),
    icon              text NOT NULL DEFAULT '' CHECK (char_length(icon) <= 100),
    tags              text[] NOT NULL DEFAULT '{}',
    deleted           timestamptz,
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT notes_page_owner CHECK (num_nonnulls(auth_account_id, auth_household_id) = 1)
);
-- The digest, as a long name may be more than an index takes.
CREATE UNIQUE INDEX notes_page_name ON notes_page (coalesce(parent_id, owner_id), md5(name));
CREATE INDEX notes_page_owner_id ON notes_page (owner_id);
CREATE INDEX notes_page_parent ON notes_page (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX notes_page_deleted ON notes_page (deleted) WHERE deleted IS NOT NULL;
CALL track('notes_page');

-- A version of a page's text. Its owner columns follow the page's, so that it syncs like any other row.
CREATE TABLE notes_page_version (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id   uuid,
    auth_household_id uuid,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    notes_page_id     uuid NOT NULL REFERENCES notes_page ON DELETE CASCADE,
    body              text NOT NULL DEFAULT '' CHECK (char_length(body) <= 10000),
    created_by        uuid,
    updated           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX notes_page_version_owner_id ON notes_page_version (owner_id);
CREATE INDEX notes_page_version_page ON notes_page_version (notes_page_id, updated);
CALL track_rows('notes_page_version');

-- What members did, for people to read: the newest 50 of every household.
CREATE TABLE change (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id   uuid NOT NULL REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    name              text NOT NULL,
    table_name        text NOT NULL,
    operation         smallint NOT NULL CHECK (operation BETWEEN 0 AND 2),
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX change_owner_id ON change (owner_id, created DESC, id DESC);
CREATE INDEX change_account ON change (auth_account_id);
CALL track_rows('change');
