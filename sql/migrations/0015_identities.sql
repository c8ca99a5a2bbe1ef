-- Signing in with accounts that people have elsewhere (OpenID Connect): any number for each account here.
-- `auth_account.oidc_id` is not used; it stays for processes of the release before, which write to it.

CREATE TABLE auth_identity (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    auth_account_id uuid NOT NULL REFERENCES auth_account ON DELETE CASCADE,
    issuer          text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 1000),
    subject         text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
    email_address   text NOT NULL DEFAULT '' CHECK (char_length(email_address) <= 320),
    last_used       timestamptz NOT NULL DEFAULT now(),
    created         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT auth_identity_subject_key UNIQUE (issuer, subject)
);
COMMENT ON TABLE auth_identity IS 'who somebody is elsewhere; knowing that is what signs them in here';
COMMENT ON COLUMN auth_identity.subject IS 'what the provider calls them, which stays when they change their address';
COMMENT ON COLUMN auth_identity.email_address IS 'as the provider told it when they were linked, for people to recognise it';
CREATE INDEX auth_identity_account ON auth_identity (auth_account_id);

-- Who has been sent to a provider and has not come back yet. Losing these costs a second try, so they are not logged.
CREATE UNLOGGED TABLE auth_oidc_flow (
    state_hash      bytea PRIMARY KEY,
    provider        text NOT NULL,
    verifier        text NOT NULL,
    auth_account_id uuid REFERENCES auth_account ON DELETE CASCADE,
    created         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN auth_oidc_flow.state_hash IS 'SHA-256 of the state; in hexadecimal it is the nonce as well';
COMMENT ON COLUMN auth_oidc_flow.verifier IS 'what proves to the provider that the code came back to who asked for it; empty for clients that keep the state to themselves';
COMMENT ON COLUMN auth_oidc_flow.auth_account_id IS 'who was signed in when it began, and may link an identity by it';
CREATE INDEX auth_oidc_flow_created ON auth_oidc_flow (created);
CREATE INDEX auth_oidc_flow_account ON auth_oidc_flow (auth_account_id) WHERE auth_account_id IS NOT NULL;
