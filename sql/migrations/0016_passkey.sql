-- Passkeys: signing in with a key pair whose private half never leaves the person's devices (WebAuthn).

CREATE TABLE auth_passkey (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id uuid NOT NULL REFERENCES auth_account ON DELETE CASCADE,
    credential_id   bytea NOT NULL UNIQUE CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    public_key      bytea NOT NULL CHECK (octet_length(public_key) BETWEEN 1 AND 1024),
    sign_count      bigint NOT NULL DEFAULT 0,
    host            text NOT NULL,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    transports      text[] NOT NULL DEFAULT '{}',
    backed_up       boolean NOT NULL DEFAULT false,
    created         timestamptz NOT NULL DEFAULT now(),
    last_used       timestamptz
);
COMMENT ON COLUMN auth_passkey.public_key IS 'a COSE key';
COMMENT ON COLUMN auth_passkey.sign_count IS 'what the authenticator has counted up to; 0 where it does not count';
COMMENT ON COLUMN auth_passkey.host IS 'the relying party id; browsers offer the passkey nowhere else';
CREATE INDEX auth_passkey_account ON auth_passkey (auth_account_id);

-- What somebody who adds a passkey or signs in with one is to sign within minutes, once. Not logged: whoever loses it in a
-- crash begins again.
CREATE UNLOGGED TABLE auth_challenge (
    hash            bytea PRIMARY KEY,
    auth_session_id uuid REFERENCES auth_session ON DELETE CASCADE,
    expires         timestamptz NOT NULL
);
COMMENT ON COLUMN auth_challenge.hash IS 'SHA-256 of the challenge';
COMMENT ON COLUMN auth_challenge.auth_session_id IS 'who adds a passkey, one at a time; null for signing in';
CREATE UNIQUE INDEX auth_challenge_session ON auth_challenge (auth_session_id) WHERE auth_session_id IS NOT NULL;
CREATE INDEX auth_challenge_expires ON auth_challenge (expires);
