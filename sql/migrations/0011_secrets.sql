-- Secrets, which only clients can read.

CREATE TABLE secrets_vault (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id   uuid REFERENCES auth_account ON DELETE CASCADE,
    auth_household_id uuid REFERENCES auth_household ON DELETE CASCADE,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    name              text NOT NULL DEFAULT '' CHECK (char_length(name) <= 500),
    icon              text NOT NULL DEFAULT '' CHECK (char_length(icon) <= 100),
    keys              jsonb NOT NULL,
    created           timestamptz NOT NULL DEFAULT now(),
    updated           timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT secrets_vault_owner CHECK (num_nonnulls(auth_account_id, auth_household_id) = 1)
);
CREATE INDEX secrets_vault_owner_id ON secrets_vault (owner_id);
-- Which vaults somebody has a key of.
CREATE INDEX secrets_vault_keys ON secrets_vault USING gin (keys jsonb_path_ops);
CALL track('secrets_vault');

-- Its owner columns follow the vault's, so that it syncs like any other row.
CREATE TABLE secrets_value (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id   uuid,
    auth_household_id uuid,
    owner_id          uuid NOT NULL GENERATED ALWAYS AS (coalesce(auth_household_id, auth_account_id)) STORED,
    short_id          text NOT NULL CHECK (char_length(short_id) BETWEEN 1 AND 14),
    secrets_vault_id  uuid NOT NULL REFERENCES secrets_vault ON DELETE CASCADE,
    data_encrypted    text[] NOT NULL DEFAULT '{}',
    name_encrypted    text NOT NULL CHECK (char_length(name_encrypted) BETWEEN 1 AND 500),
    tags_encrypted    text NOT NULL CHECK (char_length(tags_encrypted) BETWEEN 1 AND 100000),
    deleted           timestamptz,
    updated           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX secrets_value_owner_id ON secrets_value (owner_id);
CREATE INDEX secrets_value_vault ON secrets_value (secrets_vault_id);
CREATE INDEX secrets_value_deleted ON secrets_value (deleted) WHERE deleted IS NOT NULL;
CALL track('secrets_value');
