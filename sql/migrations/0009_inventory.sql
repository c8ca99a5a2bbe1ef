-- What a household has, and the views of it that somebody saved. Tasks can be about one of its things.

CREATE TABLE inventory_collection (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name              text NOT NULL DEFAULT '' CHECK (char_length(name) <= 500),
    grouping          text NOT NULL CHECK (char_length(grouping) BETWEEN 1 AND 1000),
    icon              text NOT NULL DEFAULT '' CHECK (char_length(icon) <= 100),
    columns           jsonb NOT NULL DEFAULT '{}',
    sort              jsonb NOT NULL DEFAULT '{}',
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inventory_collection_owner_id ON inventory_collection (owner_id);
CALL track('inventory_collection');

CREATE TABLE inventory_item (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    image             text NOT NULL DEFAULT '' CHECK (char_length(image) <= 50000),
    upc               text NOT NULL DEFAULT '' CHECK (char_length(upc) <= 20),
    quantity          integer NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    last_purchased    date NOT NULL DEFAULT current_date,
    properties        jsonb NOT NULL DEFAULT '{}',
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    UNIQUE (auth_household_id, id)
);
CREATE INDEX inventory_item_owner_id ON inventory_item (owner_id);
CALL track('inventory_item');

ALTER TABLE plan_task
    ADD FOREIGN KEY (inventory_item_id) REFERENCES inventory_item ON DELETE SET NULL,
    -- A household's task is about that household's things.
    ADD CONSTRAINT plan_task_inventory_item_id_fkey1 FOREIGN KEY (auth_household_id, inventory_item_id)
        REFERENCES inventory_item (auth_household_id, id) ON DELETE SET NULL (inventory_item_id);
CREATE INDEX plan_task_inventory_item ON plan_task (inventory_item_id) WHERE inventory_item_id IS NOT NULL;
