-- What people take in and what they feel, and which is followed by which.

CREATE TABLE health_item (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id uuid NOT NULL REFERENCES auth_account ON DELETE CASCADE,
    owner_id        uuid NOT NULL GENERATED ALWAYS AS (auth_account_id) STORED,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    output          boolean NOT NULL DEFAULT false,
    color           smallint NOT NULL DEFAULT 0 CHECK (color BETWEEN 0 AND 13),
    correlations    jsonb NOT NULL DEFAULT '{}',
    created         timestamptz NOT NULL DEFAULT now(),
    updated         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner_id, name),
    UNIQUE (auth_account_id, id)
);
COMMENT ON COLUMN health_item.output IS 'true for what is felt, false for what is taken in';
CREATE INDEX health_item_owner_id ON health_item (owner_id);
CALL track('health_item');

CREATE TABLE health_log (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id uuid NOT NULL,
    owner_id        uuid NOT NULL GENERATED ALWAYS AS (auth_account_id) STORED,
    health_item_id  uuid NOT NULL REFERENCES health_item ON DELETE CASCADE,
    date            date NOT NULL,
    created         timestamptz NOT NULL DEFAULT now(),
    updated         timestamptz NOT NULL DEFAULT now(),
    -- A log and its item are the same person's.
    CONSTRAINT health_log_health_item_id_fkey1 FOREIGN KEY (auth_account_id, health_item_id)
        REFERENCES health_item (auth_account_id, id) ON DELETE CASCADE
);
CREATE INDEX health_log_owner_id ON health_log (owner_id, date);
CREATE INDEX health_log_item ON health_log (health_item_id, date);
CREATE INDEX health_log_date ON health_log (date);
CALL track('health_log');
