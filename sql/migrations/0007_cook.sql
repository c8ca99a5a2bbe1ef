-- Cooking: recipes, the times of the day that a household eats at, and what it plans to eat.

CREATE TABLE cook_meal_time (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    time              time NOT NULL DEFAULT '00:00',
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    UNIQUE (auth_household_id, name),
    UNIQUE (auth_household_id, id)
);
CREATE INDEX cook_meal_time_owner_id ON cook_meal_time (owner_id);
CALL track('cook_meal_time');

CREATE TABLE cook_recipe (
    id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_household_id    uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id             uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    short_id             text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name                 text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    complexity           smallint NOT NULL DEFAULT 0 CHECK (complexity BETWEEN 0 AND 5),
    rating               smallint NOT NULL DEFAULT 0 CHECK (rating BETWEEN 0 AND 5),
    notes                jsonb NOT NULL DEFAULT '[]',
    cook_meal_plan_count integer NOT NULL DEFAULT 0,
    cook_meal_plan_last  date,
    deleted              timestamptz,
    directions           text NOT NULL DEFAULT '' CHECK (char_length(directions) <= 5000),
    ingredients          text NOT NULL DEFAULT '' CHECK (char_length(ingredients) <= 5000),
    image                text NOT NULL DEFAULT '' CHECK (char_length(image) <= 500000),
    public               boolean NOT NULL DEFAULT false,
    servings             text NOT NULL DEFAULT '' CHECK (char_length(servings) <= 500),
    source               text NOT NULL DEFAULT '' CHECK (char_length(source) <= 500),
    tags                 text[] NOT NULL DEFAULT '{}',
    time_cook            integer NOT NULL DEFAULT 0 CHECK (time_cook >= 0),
    time_prep            integer NOT NULL DEFAULT 0 CHECK (time_prep >= 0),
    created              timestamptz NOT NULL DEFAULT now(),
    updated              timestamptz NOT NULL DEFAULT now(),
    UNIQUE (auth_household_id, name),
    UNIQUE (auth_household_id, id)
);
COMMENT ON COLUMN cook_recipe.complexity IS 'the mean of the notes, like rating';
CREATE INDEX cook_recipe_owner_id ON cook_recipe (owner_id);
CREATE INDEX cook_recipe_deleted ON cook_recipe (deleted) WHERE deleted IS NOT NULL;
CALL track('cook_recipe');

CREATE TABLE cook_meal_plan (
    id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id        uuid,
    auth_household_id      uuid NOT NULL REFERENCES auth_household ON DELETE CASCADE,
    owner_id               uuid NOT NULL GENERATED ALWAYS AS (auth_household_id) STORED,
    cook_meal_time_id      uuid NOT NULL REFERENCES cook_meal_time ON DELETE CASCADE,
    cook_recipe_id         uuid REFERENCES cook_recipe ON DELETE CASCADE,
    cook_recipe_scale      text NOT NULL DEFAULT '' CHECK (char_length(cook_recipe_scale) <= 50),
    custom_recipe          text NOT NULL DEFAULT '' CHECK (char_length(custom_recipe) <= 500),
    date                   date NOT NULL,
    time                   time NOT NULL DEFAULT '00:00',
    notification_time_cook timestamptz,
    notification_time_prep timestamptz,
    created                timestamptz NOT NULL DEFAULT now(),
    updated                timestamptz NOT NULL DEFAULT now(),
    UNIQUE (auth_household_id, id),
    CONSTRAINT cook_meal_plan_dish CHECK ((cook_recipe_id IS NULL) <> (custom_recipe = '')),
    CONSTRAINT cook_meal_plan_cook_meal_time_id_fkey1 FOREIGN KEY (auth_household_id, cook_meal_time_id)
        REFERENCES cook_meal_time (auth_household_id, id) ON DELETE CASCADE,
    CONSTRAINT cook_meal_plan_cook_recipe_id_fkey1 FOREIGN KEY (auth_household_id, cook_recipe_id)
        REFERENCES cook_recipe (auth_household_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN cook_meal_plan.auth_account_id IS 'who cooks: a word of the client''s, which need not be a member any more';
COMMENT ON COLUMN cook_meal_plan.notification_time_cook IS 'emptied when the reminder is sent, like notification_time_prep';
CREATE INDEX cook_meal_plan_owner_id ON cook_meal_plan (owner_id);
CREATE INDEX cook_meal_plan_time ON cook_meal_plan (cook_meal_time_id);
CREATE INDEX cook_meal_plan_recipe ON cook_meal_plan (cook_recipe_id) WHERE cook_recipe_id IS NOT NULL;
CREATE INDEX cook_meal_plan_date ON cook_meal_plan (date);
CREATE INDEX cook_meal_plan_due ON cook_meal_plan (least(notification_time_cook, notification_time_prep))
    WHERE least(notification_time_cook, notification_time_prep) IS NOT NULL;
CALL track('cook_meal_plan');

-- Shopping for a meal refers to it from now on; until now only null was accepted.
ALTER TABLE shop_item
    ADD CONSTRAINT shop_item_cook_meal_plan_id_fkey FOREIGN KEY (cook_meal_plan_id)
        REFERENCES cook_meal_plan ON DELETE SET NULL,
    ADD CONSTRAINT shop_item_cook_recipe_id_fkey FOREIGN KEY (cook_recipe_id)
        REFERENCES cook_recipe ON DELETE SET NULL,
    -- A household's item is for that household's meals.
    ADD CONSTRAINT shop_item_cook_meal_plan_id_fkey1 FOREIGN KEY (auth_household_id, cook_meal_plan_id)
        REFERENCES cook_meal_plan (auth_household_id, id) ON DELETE SET NULL (cook_meal_plan_id),
    ADD CONSTRAINT shop_item_cook_recipe_id_fkey1 FOREIGN KEY (auth_household_id, cook_recipe_id)
        REFERENCES cook_recipe (auth_household_id, id) ON DELETE SET NULL (cook_recipe_id);
CREATE INDEX shop_item_meal_plan ON shop_item (cook_meal_plan_id) WHERE cook_meal_plan_id IS NOT NULL;
CREATE INDEX shop_item_recipe ON shop_item (cook_recipe_id) WHERE cook_recipe_id IS NOT NULL;
