-- Secrets: values go where their vault goes, and keys go with the account that they are for (contract B2 §9, §3.13).

CREATE OR REPLACE FUNCTION secrets_value_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT auth_account_id, auth_household_id INTO NEW.auth_account_id, NEW.auth_household_id
    FROM secrets_vault WHERE id = NEW.secrets_vault_id FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'secretsVaultID: names no vault' USING ERRCODE = 'check_violation', COLUMN = 'secrets_vault_id';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_created BEFORE INSERT ON secrets_value
    FOR EACH ROW EXECUTE FUNCTION secrets_value_before();
CREATE OR REPLACE TRIGGER b_moved BEFORE UPDATE ON secrets_value
    FOR EACH ROW WHEN (NEW.secrets_vault_id <> OLD.secrets_vault_id) EXECUTE FUNCTION secrets_value_before();

CREATE OR REPLACE FUNCTION secrets_vault_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE secrets_value SET auth_account_id = NEW.auth_account_id, auth_household_id = NEW.auth_household_id
    WHERE secrets_vault_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER vault_moved AFTER UPDATE ON secrets_vault
    FOR EACH ROW WHEN (NEW.owner_id <> OLD.owner_id) EXECUTE FUNCTION secrets_vault_moved();

-- What was encrypted for a public key that is no more opens nothing.
CREATE OR REPLACE FUNCTION forget_vault_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM secrets_vault WHERE auth_account_id = OLD.id;
    UPDATE secrets_vault v SET keys = (
        SELECT coalesce(jsonb_agg(entry ORDER BY n), '[]')
        FROM jsonb_array_elements(v.keys) WITH ORDINALITY AS kept (entry, n)
        WHERE entry ->> 'authAccountID' <> OLD.id::text
    )
    WHERE v.keys @> jsonb_build_array(jsonb_build_object('authAccountID', OLD.id));
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER public_key_changed AFTER UPDATE OF public_key ON auth_account
    FOR EACH ROW WHEN (NEW.public_key <> OLD.public_key) EXECUTE FUNCTION forget_vault_keys();
CREATE OR REPLACE TRIGGER public_key_gone AFTER DELETE ON auth_account
    FOR EACH ROW EXECUTE FUNCTION forget_vault_keys();
